import { execFile } from "node:child_process";
import { join } from "node:path";

/** The command's file, for Node. */
export const nylasImapCommand = join(import.meta.dirname, "../../provider/bin/nylas-imap.js");

export interface CommandRun {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the command `nylas-imap` with no other environment than this. */
export function nylasImap(env: Record<string, string>, ...args: string[]): Promise<CommandRun> {
  return new Promise((resolve) => {
    const clean = { PATH: process.env.PATH ?? "", ...env };
    execFile(process.execPath, [nylasImapCommand, ...args], { env: clean }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
