/** Header fields read at most; a message with more keeps the rest to itself. */
const MAX_FIELDS = 200;

export interface HeaderField {
  name: string;
  /** Unfolded. */
  value: string;
  /** As it stands in the message, line ends included. */
  lines: string;
}

/** The header with the empty line that ends it. */
export function headerOf(raw: Buffer): Buffer {
  return raw.subarray(0, bodyStart(raw));
}

export function bodyOf(raw: Buffer): Buffer {
  return raw.subarray(bodyStart(raw));
}

export function headerFields(raw: Buffer): HeaderField[] {
  const found = headerOf(raw)
    .toString("latin1")
    .matchAll(/^([!-9;-~]+):((?:.*)(?:\r\n[ \t].*)*)\r\n/gm);
  return Array.from(found)
    .slice(0, MAX_FIELDS)
    .map(([lines, name = "", value = ""]) => ({ name, value: value.replace(/\r\n/g, "").trim(), lines }));
}

export function headerValue(fields: readonly HeaderField[], name: string): string | undefined {
  return fields.find((field) => field.name.toUpperCase() === name.toUpperCase())?.value;
}

function bodyStart(raw: Buffer): number {
  const end = raw.indexOf("\r\n\r\n");
  return end === -1 ? raw.length : end + 4;
}
