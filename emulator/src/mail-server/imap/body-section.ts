import { bodyOf, headerFields, headerOf } from "./message.js";

export interface Section {
  /** As in the response: without PEEK and without the length of a partial. */
  label: string;
  name: string;
  partial: { start: number; length: number } | undefined;
}

const SECTION = /^(?:BODY(?:\.PEEK)?\[(.*)\](?:<(\d{1,10})\.(\d{1,10})>)?|RFC822(\.HEADER|\.TEXT)?)$/i;

/** Parses items such as `BODY.PEEK[HEADER]<0.100>` and `RFC822.HEADER`; undefined for other items. */
export function parseSection(item: string): Section | undefined {
  const found = SECTION.exec(item);
  if (found === null) return undefined;
  const [, inBrackets, start, length, oldName] = found;
  if (inBrackets === undefined) {
    return { label: item.toUpperCase(), name: (oldName ?? "").slice(1).toUpperCase(), partial: undefined };
  }
  const partial = start === undefined ? undefined : { start: Number(start), length: Number(length) };
  const label = `BODY[${inBrackets}]${partial === undefined ? "" : `<${partial.start}>`}`;
  return { label, name: inBrackets.toUpperCase(), partial };
}

/** The item of the response with its literal; NIL for a part that does not exist. */
export function bodySection(raw: Buffer, { label, name, partial }: Section): Buffer {
  const whole = contentOf(raw, name);
  if (whole === undefined) return Buffer.from(`${label} NIL`);
  const bytes = partial === undefined ? whole : whole.subarray(partial.start, partial.start + partial.length);
  return Buffer.concat([Buffer.from(`${label} {${bytes.length}}\r\n`), bytes]);
}

function contentOf(raw: Buffer, name: string): Buffer | undefined {
  if (name === "") return raw;
  // The body of a message that is not multipart is part 1 (RFC 3501, 6.4.5).
  if (name === "TEXT" || name === "1") return bodyOf(raw);
  if (name === "HEADER" || name === "MIME" || name === "1.MIME") return headerOf(raw);
  const fields = /^HEADER\.FIELDS(\.NOT)? \((.*)\)$/.exec(name);
  if (fields === null) return undefined;
  const names = new Set((fields[2] ?? "").split(" ").map((field) => field.replaceAll('"', "")));
  const kept = headerFields(raw).filter((field) => names.has(field.name.toUpperCase()) === (fields[1] === undefined));
  return Buffer.from(`${kept.map((field) => field.lines).join("")}\r\n`, "latin1");
}
