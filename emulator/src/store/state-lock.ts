import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { OptionError } from "../options.js";

const OWNER_ONLY = 0o600;
/** Attempts to get the lock while others take over the same stale one. */
const MAX_ATTEMPTS = 10;

/** The content of a lock file. */
interface Holder {
  pid: number;
  host: string;
  /** When the process started, as Linux counts it: another process may have the id by now. */
  started: string | undefined;
  nonce: string;
}

/** The nonces of the locks that this process holds: it may run several emulators. */
const held = new Set<string>();

/**
 * Locks a state file: two emulators would overwrite each other's data. Returns what releases it. The lock of a process that was
 * killed is taken over.
 */
export function lockStateFile(path: string): () => void {
  const file = `${resolve(path)}.lock`;
  const own: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid), nonce: randomUUID() };
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    if (create(file, own)) {
      held.add(own.nonce);
      return () => release(file, own);
    }
    removeStale(path, file);
  }
  throw new OptionError(`The state file ${path} cannot be locked: other emulators start with it at the same time.`);
}

function create(file: string, own: Holder): boolean {
  try {
    writeFileSync(file, JSON.stringify(own), { flag: "wx", mode: OWNER_ONLY });
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw new OptionError(`${file} cannot be written, which keeps a second emulator from the state file.`);
  }
  // Another process may have read the file before it was written, and taken it for a stale one.
  return holderOf(file)?.nonce === own.nonce;
}

/** Throws if the holder of the lock is alive. */
function removeStale(path: string, file: string): void {
  refuseIfAlive(path, file, holderOf(file));
  // Between reading and removing, another process may have taken over. A file that was moved aside cannot change any more.
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (isCode(error, "ENOENT")) return;
    throw error;
  }
  const holder = holderOf(aside);
  if (holder !== undefined && isAlive(holder)) renameSync(aside, file);
  else rmSync(aside);
}

function refuseIfAlive(path: string, file: string, holder: Holder | undefined): void {
  if (holder === undefined || !isAlive(holder)) return;
  const { pid, host } = holder;
  const other = host === hostname() ? `process ${pid}` : `process ${pid} on ${host}; if that has ended, delete ${file}`;
  throw new OptionError(`Another emulator uses the state file ${path} (${other}). Stop it, or name another file.`);
}

function release(file: string, { nonce }: Holder): void {
  held.delete(nonce);
  if (holderOf(file)?.nonce === nonce) rmSync(file, { force: true });
}

/** Whether the process runs. One on another host, or in another container, cannot be seen, so it counts as running. */
function isAlive({ pid, host, started, nonce }: Holder): boolean {
  if (host !== hostname()) return true;
  if (pid === process.pid) return held.has(nonce);
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Other errors say that the process runs as another user.
    if (isCode(error, "ESRCH")) return false;
  }
  const current = startOf(pid);
  return started === undefined || current === undefined || started === current;
}

/** `undefined` where there is no /proc, or no such process. */
function startOf(pid: number): string | undefined {
  try {
    // The name in brackets may itself contain blanks and brackets. The start is the 20th field after it.
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ")[19];
  } catch {
    return undefined;
  }
}

/** `undefined` if there is no lock, or if its process was killed while it wrote it. */
function holderOf(file: string): Holder | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isHolder(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isHolder(value: unknown): value is Holder {
  return (
    typeof value === "object" &&
    value !== null &&
    "pid" in value &&
    typeof value.pid === "number" &&
    "host" in value &&
    typeof value.host === "string" &&
    "nonce" in value &&
    typeof value.nonce === "string"
  );
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
