import { RESOURCES } from "./resources.js";

/** The package's schema: the tokens of its resources, and none of their properties, so that no SDK can be made of it. */
export function schema(version: string): object {
  const resources = Object.keys(RESOURCES).map((token) => [token, { inputProperties: {}, properties: {} }]);
  return { name: "nylas", version, resources: Object.fromEntries(resources) };
}
