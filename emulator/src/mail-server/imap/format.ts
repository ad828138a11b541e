import addressParser from "nodemailer/lib/addressparser";
import { parseHeaderValue } from "nodemailer/lib/mime-funcs";
import { type HeaderField, headerFields, headerValue } from "./message.js";
import { type Part, parsePart } from "./mime.js";

export const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A quoted string, which cannot contain line breaks and NUL (RFC 3501, 9). */
export function quoted(text: string | undefined): string {
  if (text === undefined) return "NIL";
  return `"${text.replace(/[\r\n\0]/g, " ").replace(/["\\]/g, "\\$&")}"`;
}

export function imapDate(date: Date): string {
  const day = String(date.getUTCDate()).padStart(2, " ");
  return `${day}-${MONTHS[date.getUTCMonth()]}-${date.getUTCFullYear()} ${date.toISOString().slice(11, 19)} +0000`;
}

/** RFC 3501, 7.4.2: date, subject, from, sender, reply-to, to, cc, bcc, in-reply-to, message-id. */
export function envelope(raw: Buffer): string {
  const fields = headerFields(raw);
  const from = addresses(fields, "From");
  const orFrom = (list: string): string => (list === "NIL" ? from : list);
  return `(${[
    quoted(headerValue(fields, "Date")),
    quoted(headerValue(fields, "Subject")),
    from,
    orFrom(addresses(fields, "Sender")),
    orFrom(addresses(fields, "Reply-To")),
    addresses(fields, "To"),
    addresses(fields, "Cc"),
    addresses(fields, "Bcc"),
    quoted(headerValue(fields, "In-Reply-To")),
    quoted(headerValue(fields, "Message-ID")),
  ].join(" ")})`;
}

/**
 * BODYSTRUCTURE, and with `extended` false BODY, which ends before the extension data (RFC 3501, 7.4.2). The data here are
 * those that clients use: the parameters of a multipart, and the disposition of a part.
 */
export function bodyStructure(raw: Buffer, { extended }: { extended: boolean }): string {
  return partStructure(parsePart(raw), extended);
}

function partStructure(part: Part, extended: boolean): string {
  const { fields, type, subtype, parameters, body, parts, message } = part;
  const disposition = extended ? dispositionOf(fields) : "";
  if (parts.length > 0) {
    const list = parts.map((one) => partStructure(one, extended)).join("");
    return `(${list} ${quoted(subtype)}${extended ? ` ${pairs(parameters)} ${disposition} NIL NIL` : ""})`;
  }
  const known = type === "text" ? { charset: "us-ascii", ...parameters } : parameters;
  return `(${[
    quoted(type),
    quoted(subtype),
    pairs(known),
    quoted(headerValue(fields, "Content-ID")),
    quoted(headerValue(fields, "Content-Description")),
    quoted(headerValue(fields, "Content-Transfer-Encoding") ?? "7bit"),
    body.length,
    ...(message === undefined ? [] : [envelope(message.raw), partStructure(message, extended)]),
    ...(message === undefined && type !== "text" ? [] : [lineEnds(body)]),
    ...(extended ? ["NIL", disposition, "NIL", "NIL"] : []),
  ].join(" ")})`;
}

function dispositionOf(fields: readonly HeaderField[]): string {
  const given = headerValue(fields, "Content-Disposition");
  if (given === undefined) return "NIL";
  const { value, params } = parseHeaderValue(given);
  return `(${quoted(value)} ${pairs(params)})`;
}

function pairs(parameters: Readonly<Record<string, string>>): string {
  const list = Object.entries(parameters).map(([name, value]) => `${quoted(name)} ${quoted(value)}`);
  return list.length === 0 ? "NIL" : `(${list.join(" ")})`;
}

function lineEnds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf("\r\n"); at !== -1; at = bytes.indexOf("\r\n", at + 2)) count += 1;
  return count;
}

function addresses(fields: readonly HeaderField[], name: string): string {
  const value = headerValue(fields, name);
  if (!value) return "NIL";
  const list = addressParser(value, { flatten: true }).flatMap(({ name: shown, address }) => {
    const at = address.lastIndexOf("@");
    if (at < 1) return [];
    return [`(${quoted(shown || undefined)} NIL ${quoted(address.slice(0, at))} ${quoted(address.slice(at + 1))})`];
  });
  return list.length === 0 ? "NIL" : `(${list.join("")})`;
}
