/** Runs the emulator with its mail servers in a separate process, which reports its resource usage to its parent. */
import { type Emulator, startEmulator } from "nylas-emulator";

/** What the parent needs for connecting. */
export type Ready = Required<Omit<Emulator, "close">>;

export interface Usage {
  rssBytes: number;
  heapBytes: number;
  /** Memory of buffers, in bytes. */
  externalBytes: number;
  /** Open connections, incoming and outgoing. */
  sockets: number;
}

const emulator = await startEmulator({ mail: true, users: JSON.parse(process.argv[2] ?? "[]") });
process.on("message", (wanted) => process.send?.(wanted === "ready" ? ready() : usage()));
process.on("disconnect", () => process.exit());

function ready(): Omit<Emulator, "close"> {
  const { close: _, ...shown } = emulator;
  return shown;
}

function usage(): Usage {
  // Collect twice: objects with finalizers are freed by the second collection.
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const sockets = process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
  return { rssBytes: rss, heapBytes: heapUsed, externalBytes: external, sockets };
}
