import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Emulator } from "./options.js";

/** What the command line prints when it is ready. */
export type Ready = Omit<Emulator, "close" | "pageUri" | "imapStarttls">;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Starts a script in a process that outlives this one, and waits until it is ready. Its messages go to this process's standard
 * error. Returns the exit code if it ends before it is ready.
 */
export async function startInBackground(
  script: string,
  args: readonly string[],
): Promise<{ ready: Ready; pid: number } | { exitCode: number }> {
  const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stop = (): void => void child.kill();
  for (const signal of SIGNALS) process.once(signal, stop);
  const exited = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
  for await (const line of createInterface(child.stdout)) {
    child.stdout.destroy();
    child.unref();
    // It has a process id: it has written a line.
    return { ready: JSON.parse(line), pid: child.pid ?? 0 };
  }
  return { exitCode: await exited };
}

/** Lines for the `eval` of a POSIX shell: the emulator as programs and the Pulumi package expect it in the environment. */
export function exportLines(
  { apiUri, apiKey, region, imap, smtp, users = [] }: Ready,
  pid: number,
  caFile: string | undefined,
): string {
  const variables = {
    NYLAS_API_URI: apiUri,
    NYLAS_API_KEY: apiKey,
    NYLAS_REGION: region,
    ...(imap === undefined ? {} : { IMAP_HOST: imap.host, IMAP_PORT: imap.port }),
    ...(smtp === undefined ? {} : { SMTP_HOST: smtp.host, SMTP_PORT: smtp.port }),
    ...(caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile }),
    ...Object.fromEntries(
      users.flatMap(({ username, password }, index) => [
        [`MAILBOX_${index + 1}`, username],
        [`MAILBOX_${index + 1}_PASSWORD`, password],
      ]),
    ),
    NYLAS_EMULATOR_PID: pid,
  };
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quoted(String(value))}\n`)
    .join("");
}

/** A word of a POSIX shell, whatever it contains. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
