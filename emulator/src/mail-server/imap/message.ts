/** What is read of a header at most; a message with more keeps the rest to itself. */
const MAX_FIELDS = 200;
const MAX_HEADER_BYTES = 65_536;

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
  const header = headerOf(raw).toString("latin1", 0, MAX_HEADER_BYTES);
  const fields: HeaderField[] = [];
  for (const [lines, name = "", value = ""] of header.matchAll(/^([!-9;-~]+):((?:.*)(?:\r\n[ \t].*)*)\r\n/gm)) {
    fields.push({ name, value: value.replace(/\r\n/g, "").trim(), lines });
    if (fields.length === MAX_FIELDS) break;
  }
  return fields;
}

export function headerValue(fields: readonly HeaderField[], name: string): string | undefined {
  return fields.find((field) => field.name.toUpperCase() === name.toUpperCase())?.value;
}

function bodyStart(raw: Buffer): number {
  const end = raw.indexOf("\r\n\r\n");
  return end === -1 ? raw.length : end + 4;
}
