import type { Host } from "../../provider/src/host.js";
import { nodeProcess } from "../../provider/src/hosts/node-process.js";

/** The process of the test as a host, without configuration. */
export function here(): Host {
  return nodeProcess(() => undefined);
}
