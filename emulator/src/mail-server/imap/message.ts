/** The rest of a longer header is ignored. */
const MAX_FIELDS = 200;
const MAX_HEADER_BYTES = 65_536;
/** Bytes of a line break. */
const CARRIAGE_RETURN = 13;
export const LINE_FEED = 10;

export interface HeaderField {
  name: string;
  /** Unfolded. */
  value: string;
  /** As in the message, with line ends. */
  lines: string;
}

/** The header, including the empty line at its end. */
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
  // Parts of a multipart need no header (RFC 2046, 5.1).
  if (raw[0] === CARRIAGE_RETURN && raw[1] === LINE_FEED) return 2;
  const end = raw.indexOf("\r\n\r\n");
  return end === -1 ? raw.length : end + 4;
}
