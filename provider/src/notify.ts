import { cleaned } from "./redact.js";

/** Longest value shown in a notice, in characters. */
const MAX_NOTICE_LENGTH = 500;

/**
 * Shows the user a notice that is not an error. A dynamic provider has no access to the engine's logger; the engine shows
 * what it prints to stderr as information under the stack. Notices often quote grants and addresses from a server's answer,
 * so every notice is cleaned here.
 */
export function notify(text: string): void {
  console.error(`nylas: ${cleaned(text, MAX_NOTICE_LENGTH)}`);
}

/** Prints a line like `notify` if the environment has `NYLAS_DEBUG=1`. Takes a function: building a line costs time. */
export function debug(text: () => string): void {
  if (process.env.NYLAS_DEBUG === "1") notify(text());
}
