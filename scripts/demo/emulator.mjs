import { join } from "node:path";
import { createInterface } from "node:readline";
import { repositoryDirectory } from "../setup/paths.mjs";
import { startProcess } from "./processes.mjs";

/** Longest wait for the emulator to be ready, in milliseconds. */
const READY_TIMEOUT_MS = 30_000;

/**
 * Starts the emulator with its mail servers; what it prints when it is ready, and calls of its API.
 * @param {Record<string, string>} env
 */
export async function startEmulator(env) {
  const child = startProcess("node", [join(repositoryDirectory, "emulator/dist/cli.js"), "--mail"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise((resolve, reject) => {
    const limit = setTimeout(
      () => reject(new Error(`The emulator was not ready after ${READY_TIMEOUT_MS / 1000} s.`)),
      READY_TIMEOUT_MS,
    );
    child.once("exit", (code) => reject(new Error(`The emulator ended with exit code ${code} before it was ready.`)));
    createInterface({ input: child.stdout }).once("line", (first) => {
      clearTimeout(limit);
      resolve(first);
    });
  });
  const ready = JSON.parse(line);

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  async function call(method, path, body) {
    const response = await fetch(`${ready.apiUri}${path}`, {
      method,
      headers: { authorization: `Bearer ${ready.apiKey}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok)
      throw new Error(`${method} ${path} of the emulator answered ${response.status}: ${await response.text()}`);
    return response.json();
  }

  return {
    ...ready,
    grants: async () => (await call("GET", "/v3/grants?limit=200")).data,
    connectors: async () => (await call("GET", "/v3/connectors")).data,
    /** The requests since `forgetRequests`. */
    requests: async () => {
      const log = await call("GET", "/_emulator/requests");
      return Array.isArray(log) ? log : log.data;
    },
    forgetRequests: () => call("DELETE", "/_emulator/requests"),
    /** @param {string} username @param {string} password */
    setPassword: (username, password) =>
      call("PUT", `/_emulator/mailboxes/${encodeURIComponent(username)}`, { password }),
  };
}
