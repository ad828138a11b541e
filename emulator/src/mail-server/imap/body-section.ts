import { bodyOf, headerFields, headerOf } from "./message.js";
import { parsePart, partAt } from "./mime.js";

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

/** RFC 3501, 6.4.5: the section of the message, or of one of its parts, as in `2.1.HEADER`. */
function contentOf(raw: Buffer, name: string): Buffer | undefined {
  const [, number, section = ""] = /^([1-9]\d{0,4}(?:\.[1-9]\d{0,4})*)(?:\.([A-Z].*))?$/.exec(name) ?? [];
  if (number === undefined) return name === "" ? raw : sectionOf(raw, name);
  const part = partAt(parsePart(raw), number);
  if (part === undefined) return undefined;
  if (section === "") return part.body;
  return section === "MIME" ? headerOf(part.raw) : part.message && sectionOf(part.message.raw, section);
}

function sectionOf(raw: Buffer, name: string): Buffer | undefined {
  if (name === "TEXT") return bodyOf(raw);
  if (name === "HEADER") return headerOf(raw);
  const fields = /^HEADER\.FIELDS(\.NOT)? \((.*)\)$/.exec(name);
  if (fields === null) return undefined;
  const names = new Set((fields[2] ?? "").split(" ").map((field) => field.replaceAll('"', "")));
  const kept = headerFields(raw).filter((field) => names.has(field.name.toUpperCase()) === (fields[1] === undefined));
  return Buffer.from(`${kept.map((field) => field.lines).join("")}\r\n`, "latin1");
}
