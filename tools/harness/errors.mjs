/**
 * The text to print for whatever was thrown.
 * @param {unknown} error
 */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The code of a system error, such as ENOENT.
 * @param {unknown} error
 */
export function codeOf(error) {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/**
 * What a process had printed when it failed.
 * @param {unknown} error of a promisified `execFile`
 */
export function printedBy(error) {
  if (!(error instanceof Error && "stdout" in error && "stderr" in error)) return "";
  return `${error.stdout}${error.stderr}`.trim();
}
