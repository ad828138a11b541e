import addressParser from "nodemailer/lib/addressparser";
import { bodyOf, type HeaderField, headerFields, headerValue } from "./message.js";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

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

/** The structure of a message as a single part; the parts of a multipart message are not listed. */
export function bodyStructure(raw: Buffer): string {
  const fields = headerFields(raw);
  const given = /^([\w-]+)\/([\w.+-]+)/.exec(headerValue(fields, "Content-Type") ?? "text/plain");
  const isMultipart = given?.[1]?.toLowerCase() === "multipart";
  const [type, subtype] = isMultipart ? ["APPLICATION", "OCTET-STREAM"] : [given?.[1] ?? "TEXT", given?.[2] ?? "PLAIN"];
  const body = bodyOf(raw);
  const lines = lineEnds(body);
  const encoding = headerValue(fields, "Content-Transfer-Encoding") ?? "7BIT";
  const parameters = type.toUpperCase() === "TEXT" ? '("CHARSET" "UTF-8")' : "NIL";
  const count = type.toUpperCase() === "TEXT" ? ` ${lines}` : "";
  return `(${quoted(type)} ${quoted(subtype)} ${parameters} NIL NIL ${quoted(encoding)} ${body.length}${count})`;
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
