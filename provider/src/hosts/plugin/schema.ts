import { RESOURCES } from "./resources.js";

/** The package's schema. */
export function schema(version: string): object {
  const resources = Object.keys(RESOURCES).map((token) => [token, { inputProperties: {}, properties: {} }]);
  return { name: "nylas", version, resources: Object.fromEntries(resources) };
}
