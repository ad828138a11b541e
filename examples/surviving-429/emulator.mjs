// The emulator as the tests use it: a process of its own, spoken to over HTTP, so that it works for a service in any language.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Request A line of the request log.
 * @property {string} method
 * @property {string} path
 * @property {number} status
 * @property {string} time
 */

/**
 * Starts the emulator's executable directly: `npx` would not pass the signal on.
 * @param {...string} args
 */
export async function startEmulator(...args) {
  const manifest = import.meta.resolve("nylas-emulator/package.json");
  const bin = new URL(JSON.parse(readFileSync(new URL(manifest), "utf8")).bin["nylas-emulator"], manifest);
  const child = spawn(process.execPath, [fileURLToPath(bin), "--mail", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const line = once(createInterface(child.stdout), "line");
  const [ready] = await Promise.race([line, ended.then(([code]) => Promise.reject(new Error(`ended with ${code}`)))]);
  return new Emulator(JSON.parse(ready), async () => {
    child.kill();
    await ended;
  });
}

/**
 * @typedef {object} Ready The line that the emulator prints.
 * @property {string} apiUri
 * @property {string} apiKey
 * @property {{ host: string, port: number }} imap
 * @property {{ host: string, port: number }} smtp
 * @property {{ username: string, password: string }[]} users
 */

export class Emulator {
  /** @param {Ready} ready @param {() => Promise<void>} stop */
  constructor(ready, stop) {
    this.ready = ready;
    this.stop = stop;
  }

  /** @param {string} method @param {string} path @param {unknown} [body] */
  async call(method, path, body) {
    const answer = await fetch(`${this.ready.apiUri}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.ready.apiKey}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { data, error } = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${error.message}`);
    return data;
  }

  /**
   * Makes a grant, as hosted authentication or `pulumi up` would, and answers its id.
   * @param {string} username @param {string} password @returns {Promise<string>}
   */
  async connect(username, password) {
    const { imap, smtp } = this.ready;
    const settings = {
      imap_username: username,
      imap_password: password,
      imap_host: imap.host,
      imap_port: imap.port,
      smtp_host: smtp.host,
      smtp_port: smtp.port,
    };
    const { id } = await this.call("POST", "/v3/connect/custom", { provider: "imap", settings });
    return id;
  }

  /** @param {...object} rules */
  async faults(...rules) {
    await this.call("PUT", "/_emulator/faults", { rules });
  }

  /** @returns {Promise<Request[]>} */
  requests() {
    return this.call("GET", "/_emulator/requests");
  }

  /** Ends the faults and empties the log. */
  async calm() {
    await this.call("DELETE", "/_emulator/faults");
    await this.call("DELETE", "/_emulator/requests");
  }
}
