/** The emulator with its mail servers, in a process of its own that tells its parent what it takes of the machine. */
import { type Emulator, startEmulator } from "nylas-emulator";

/** What the parent needs to attack it. */
export type Ready = Required<Omit<Emulator, "close">>;

export interface Usage {
  rssBytes: number;
  heapBytes: number;
  /** Buffers. */
  externalBytes: number;
  /** Open connections, from whichever side. */
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
  // Twice: what the first collection finds in finalizers goes with the second.
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const sockets = process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
  return { rssBytes: rss, heapBytes: heapUsed, externalBytes: external, sockets };
}
