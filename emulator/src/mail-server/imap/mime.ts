import { parseHeaderValue } from "nodemailer/lib/mime-funcs";
import { bodyOf, type HeaderField, headerFields, headerValue, LINE_FEED } from "./message.js";

/** Multiparts and messages within each other; what is nested deeper counts as one part. */
const MAX_DEPTH = 5;
/** Parts of one multipart; the rest belongs to the last one. */
const MAX_PARTS = 100;
/** From a boundary to the end of its line; a longer line is no delimiter. */
const MAX_LINE_END_BYTES = 100;

/** A message, or a part of one. */
export interface Part {
  /** Header and body. */
  raw: Buffer;
  fields: readonly HeaderField[];
  /** In lower case. */
  type: string;
  subtype: string;
  parameters: Readonly<Record<string, string>>;
  body: Buffer;
  /** Of a multipart; otherwise empty. */
  parts: readonly Part[];
  /** The message in a part of type message/rfc822. */
  message: Part | undefined;
}

/** Parses a message or a part. One without a readable Content-Type is text/plain (RFC 2045, 5.2). */
export function parsePart(raw: Buffer, depth = 0): Part {
  const fields = headerFields(raw);
  const { value, params } = parseHeaderValue(headerValue(fields, "Content-Type") ?? "");
  const [, type = "text", subtype = "plain"] = /^([\w.+-]+)\/([\w.+-]+)$/.exec(value.trim().toLowerCase()) ?? [];
  const body = bodyOf(raw);
  const mayNest = depth < MAX_DEPTH;
  const boundary = type === "multipart" && mayNest ? params.boundary : undefined;
  const parts = boundary ? piecesOf(body, boundary).map((piece) => parsePart(piece, depth + 1)) : [];
  const holdsMessage = type === "message" && subtype === "rfc822" && mayNest;
  const message = holdsMessage ? parsePart(body, depth + 1) : undefined;
  // Without a part it cannot be answered as a multipart.
  const isBroken = type === "multipart" && parts.length === 0;
  return {
    raw,
    fields,
    ...(isBroken ? { type: "application", subtype: "octet-stream" } : { type, subtype }),
    parameters: params,
    body,
    parts,
    message,
  };
}

/** The part with a number such as `1` or `2.1`; undefined if there is none. */
export function partAt(message: Part, number: string): Part | undefined {
  let [container, isMessage]: [Part, boolean] = [message, true];
  let part: Part | undefined;
  for (const index of number.split(".").map(Number)) {
    // The body of a message that is not multipart is its part 1 (RFC 3501, 6.4.5).
    const isOnly: boolean = isMessage && container.parts.length === 0 && index === 1;
    part = isOnly ? container : container.parts[index - 1];
    if (part === undefined) return undefined;
    [container, isMessage] = [part.message ?? part, part.message !== undefined];
  }
  return part;
}

/** What stands between the delimiter lines of a multipart's body. */
function piecesOf(body: Buffer, boundary: string): Buffer[] {
  const pieces: Buffer[] = [];
  let delimiter = delimiterAfter(body, boundary, 0);
  while (delimiter !== undefined && !delimiter.closes) {
    const next = pieces.length < MAX_PARTS - 1 ? delimiterAfter(body, boundary, delimiter.end) : undefined;
    pieces.push(body.subarray(delimiter.end, next?.start));
    delimiter = next;
  }
  return pieces;
}

interface Delimiter {
  /** Including the line break in front of it, which belongs to the delimiter (RFC 2046, 5.1.1). */
  start: number;
  end: number;
  closes: boolean;
}

function delimiterAfter(body: Buffer, boundary: string, from: number): Delimiter | undefined {
  const dashes = Buffer.from(`--${boundary}`, "latin1");
  for (let at = body.indexOf(dashes, from); at !== -1; at = body.indexOf(dashes, at + 1)) {
    if (at > 0 && body[at - 1] !== LINE_FEED) continue;
    const after = at + dashes.length;
    const [line, closing] = DELIMITER_END.exec(body.toString("latin1", after, after + MAX_LINE_END_BYTES)) ?? [];
    if (line === undefined) continue;
    const start = Math.max(from, at - "\r\n".length);
    return { start, end: after + line.length, closes: closing !== undefined };
  }
  return undefined;
}

/** What follows a boundary: the mark of the last one, and white space. */
const DELIMITER_END = /^(--)?[ \t]*(?:\r\n|$)/;
