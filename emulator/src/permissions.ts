/**
 * What a key of Nylas IAM may be allowed to do, as far as the emulator plays it. Nylas names permissions
 * `resource.action`; which call needs which is told by these names.
 */
export const PERMISSIONS = [
  "applications.read",
  "connectors.read",
  "connectors.create",
  "connectors.update",
  "connectors.delete",
  "grants.read",
  "grants.create",
  "grants.update",
  "grants.delete",
  "messages.read",
  "messages.send",
  "folders.read",
] as const;

export type Permission = (typeof PERMISSIONS)[number];

const ACTIONS: Readonly<Record<string, string>> = {
  GET: "read",
  HEAD: "read",
  POST: "create",
  PUT: "update",
  PATCH: "update",
  DELETE: "delete",
};

/** The permission that a request needs, or `undefined` where none is known for it. */
export function permissionFor(method: string, path: string): Permission | undefined {
  const [, version, resource, , data, last] = path.split("/");
  if (version !== "v3") return undefined;
  const name = path === "/v3/connect/custom" ? "grants" : (data ?? resource);
  const action = last === "send" ? "send" : ACTIONS[method];
  return PERMISSIONS.find((permission) => permission === `${name}.${action}`);
}
