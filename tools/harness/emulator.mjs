import { fileURLToPath } from "node:url";
import { startProcess } from "./processes.mjs";

/** Longest wait for the emulator to be ready, in milliseconds. */
const READY_TIMEOUT_MS = 30_000;

/** The script of the emulator's command line. */
export const emulatorCli = fileURLToPath(new URL("../../emulator/dist/cli.js", import.meta.url));

/** @typedef {{ code: number | null, signal: NodeJS.Signals | null, stdout: string, stderr: string }} Ended */

/**
 * @typedef {object} Ready The line that the command line prints, as JSON, when it is started with `--mail`.
 * @property {string} apiUri
 * @property {string} apiKey
 * @property {string} applicationId
 * @property {"us" | "eu"} region
 * @property {string} ca
 * @property {{ host: string, port: number }} imap
 * @property {{ host: string, port: number }} smtp
 * @property {{ username: string, password: string }[]} users
 */

/**
 * Collects the output of a process of the emulator's command line. `firstLine` resolves when the emulator is ready, and
 * rejects when the process exits without a line.
 * @param {import("./processes.mjs").StartedProcess} child
 */
export function watchCli(child) {
  let stdout = "";
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  /** @type {Promise<Ended>} */
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  /** @type {Promise<string>} */
  const firstLine = new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      const end = stdout.indexOf("\n");
      if (end !== -1) resolve(stdout.slice(0, end));
    });
    ended.then(({ code }) => reject(new Error(`The emulator exited with code ${code}: ${stderr}`)), reject);
  });
  // A caller that expects the process to fail waits for `ended` only.
  firstLine.catch(() => undefined);
  /** @returns {Promise<Ready>} */
  const ready = async () => JSON.parse(await firstLine);
  return { child, firstLine, ready, ended };
}

/**
 * Starts the emulator, and waits until it is ready.
 * @param {readonly string[]} args of its command line
 * @param {{ env: NodeJS.ProcessEnv, cwd?: string, command?: readonly [string, ...string[]] }} options `command`: what to start
 */
export async function startEmulatorCli(args, { env, cwd, command: [file, ...first] = ["node", emulatorCli] }) {
  const { child, ready, ended } = watchCli(startProcess(file, [...first, ...args], { cwd, env }));
  /** @type {NodeJS.Timeout | undefined} */
  let limit;
  /** @type {Promise<never>} */
  const tooLate = new Promise((_, reject) => {
    const error = new Error(`The emulator was not ready after ${READY_TIMEOUT_MS / 1000} s.`);
    limit = setTimeout(() => reject(error), READY_TIMEOUT_MS);
  });
  try {
    const emulator = await Promise.race([ready(), tooLate]);
    return { ...emulator, api: new EmulatorApi(emulator), child, ended };
  } finally {
    clearTimeout(limit);
  }
}

/**
 * @typedef {object} LoggedRequest A line of the emulator's request log.
 * @property {string} method
 * @property {string} path
 * @property {Record<string, string>} query
 * @property {number} status
 * @property {string} time
 * @property {number} durationMs
 */

/**
 * @typedef {object} WireGrant A grant as the API returns it.
 * @property {string} id
 * @property {string} email
 * @property {string} provider
 * @property {string} grant_status
 * @property {number} created_at
 * @property {number} updated_at
 * @property {string} [state]
 */

const WRITES = ["POST", "PUT", "PATCH", "DELETE"];

/** Calls of a running emulator's API and control interface. */
export class EmulatorApi {
  #apiUri;
  #apiKey;

  /** @param {{ readonly apiUri: string, readonly apiKey: string }} emulator */
  constructor({ apiUri, apiKey }) {
    this.#apiUri = apiUri;
    this.#apiKey = apiKey;
  }

  /**
   * @template [T=unknown]
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<T>} the response's `data`
   */
  async call(method, path, body) {
    const response = await fetch(`${this.#apiUri}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#apiKey}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    const { data } = /** @type {{ data: T }} */ (await response.json());
    return data;
  }

  /** @returns {Promise<WireGrant[]>} */
  grants() {
    return this.call("GET", "/v3/grants?limit=200");
  }

  /**
   * The grants as they are, whatever lists show of them.
   * @returns {Promise<WireGrant[]>}
   */
  allGrants() {
    return this.call("GET", "/_emulator/grants");
  }

  /**
   * Puts the API's clock ahead of this machine's: everything there is that much older.
   * @param {number} aheadSeconds
   * @returns {Promise<void>}
   */
  async putClockAhead(aheadSeconds) {
    await this.call("PUT", "/_emulator/clock", { aheadSeconds });
  }

  /** @returns {Promise<{ provider: string, name: string }[]>} */
  connectors() {
    return this.call("GET", "/v3/connectors");
  }

  /**
   * The requests since `forgetRequests`.
   * @returns {Promise<LoggedRequest[]>}
   */
  requests() {
    return this.call("GET", "/_emulator/requests");
  }

  /** The writes since `forgetRequests`, as short lines: `POST /v3/connectors`. */
  async writes() {
    const log = await this.requests();
    return log.filter(({ method }) => WRITES.includes(method)).map(({ method, path }) => `${method} ${path}`);
  }

  /** @returns {Promise<void>} */
  async forgetRequests() {
    await this.call("DELETE", "/_emulator/requests");
  }

  /**
   * @param {string} username
   * @param {string} password
   * @returns {Promise<void>}
   */
  async setPassword(username, password) {
    await this.call("PUT", `/_emulator/mailboxes/${encodeURIComponent(username)}`, { password });
  }
}
