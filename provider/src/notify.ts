/** Longest value shown in a notice, in characters. */
const MAX_NOTICE_LENGTH = 500;

/**
 * Tells the operator something that is not an error. The provider process has no logger of the engine's:
 * what it prints stands as an information line under the stack.
 */
export function notify(text: string): void {
  console.error(`nylas: ${text.slice(0, MAX_NOTICE_LENGTH)}`);
}
