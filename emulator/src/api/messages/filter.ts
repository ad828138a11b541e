import { ApiError } from "../../conventions/errors.js";
import { seconds } from "../../conventions/query.js";
import type { ApiContext } from "../../http/context.js";
import type { MessageSummary, PageQuery } from "../../mail-client/imap-read.js";
import type { Participant } from "../../mail-client/participant.js";

/** In one parameter. */
const MAX_ADDRESSES = 25;
const FIELDS = ["from", "to", "cc", "bcc"] as const;

type Keeps = (message: MessageSummary) => boolean;

/**
 * Reads the filters of a list of messages; none are absent. They are not translated to IMAP SEARCH, which compares dates by
 * the day and ignores the case of subjects.
 */
export function readMessageFilter(context: ApiContext): Pick<PageQuery, "keeps" | "keepsContent"> {
  const withAttachment = readFlag(context, "has_attachment");
  const rules = [
    flag(context, "unread"),
    flag(context, "starred"),
    subject(context),
    ...FIELDS.map((field) => addresses([lastOf(context, field)], [field])),
    anyEmail(context),
    received(context),
  ].filter((rule) => rule !== undefined);
  return {
    ...(rules.length === 0 ? {} : { keeps: (message) => rules.every((rule) => rule(message)) }),
    ...(withAttachment === undefined
      ? {}
      : { keepsContent: ({ attachments }) => attachments.length > 0 === withAttachment }),
  };
}

function flag(context: ApiContext, name: "unread" | "starred"): Keeps | undefined {
  const wanted = readFlag(context, name);
  return wanted === undefined ? undefined : (message) => message[name] === wanted;
}

function readFlag(context: ApiContext, name: string): boolean | undefined {
  const given = context.req.query(name);
  if (!given) return undefined;
  // Nylas's Python SDK sends `True`.
  const wanted = given.toLowerCase();
  if (wanted !== "true" && wanted !== "false") throw ApiError.of("parameterNotABoolean", { parameter: name });
  return wanted === "true";
}

/** Nylas: a case-sensitive part of the subject. */
function subject(context: ApiContext): Keeps | undefined {
  const part = context.req.query("subject");
  return part ? (message) => message.subject.includes(part) : undefined;
}

/** Nylas: one address in each field; of a parameter that is repeated, the last one. */
export function lastOf(context: ApiContext, name: string): string {
  return context.req.queries(name)?.at(-1) ?? "";
}

/** Nylas: addresses that are separated by commas. */
function anyEmail(context: ApiContext): Keeps | undefined {
  const given = lastOf(context, "any_email").split(",");
  if (given.length > MAX_ADDRESSES)
    throw ApiError.of("tooManyAddresses", { parameter: "any_email", max: MAX_ADDRESSES });
  return addresses(given, FIELDS);
}

/** Any of the addresses in any of the fields. */
function addresses(given: readonly string[], fields: readonly (typeof FIELDS)[number][]): Keeps | undefined {
  const wanted = new Set(given.map((address) => address.trim().toLowerCase()).filter((address) => address !== ""));
  if (wanted.size === 0) return undefined;
  const isWanted = ({ email }: Participant): boolean => wanted.has(email.toLowerCase());
  return (message) => fields.some((field) => message[field].some(isWanted));
}

function received(context: ApiContext): Keeps | undefined {
  const after = seconds(context, "received_after");
  const before = seconds(context, "received_before");
  if (after === undefined && before === undefined) return undefined;
  return ({ date }) => (after === undefined || date > after) && (before === undefined || date < before);
}
