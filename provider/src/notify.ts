import { cleaned } from "./redact.js";

/** Longest value shown in a notice, in characters. */
const MAX_NOTICE_LENGTH = 500;

/**
 * Tells the operator something that is not an error. The provider process has no logger of the engine's: what it prints
 * stands as an information line under the stack. A notice often names grants and addresses from a server's answer, so it is
 * cleaned here, where no caller can forget it.
 */
export function notify(text: string): void {
  console.error(`nylas: ${cleaned(text, MAX_NOTICE_LENGTH)}`);
}
