import { randomUUID } from "node:crypto";
import { isObject, type JsonObject, optionalText, readObject } from "../../http/body.js";
import type { Api, ApiContext } from "../../http/context.js";
import { ApiError, providerUnreachable } from "../../http/errors.js";
import { IdempotentAnswers } from "../../http/idempotency.js";
import type { Participant } from "../../mail-client/imap-read.js";
import { type MailAddress, type OutgoingMail, smtpServerOf } from "../../mail-client/smtp-send.js";
import { nowSeconds, sameAddress } from "../../store/store.js";
import type { StoredGrant } from "../../store/types.js";
import { attachmentView, readAttachments } from "./attachments.js";
import { grantOfDataPath, type MailboxDependencies } from "./mailbox-access.js";

const MAX_RECIPIENTS = 100;

export function sendRoutes(api: Api, dependencies: MailboxDependencies): void {
  const answers = new IdempotentAnswers();

  api.post("/v3/grants/:id/messages/send", async (context) => {
    const grant = grantOfDataPath(context, dependencies);
    if (context.req.header("content-type")?.startsWith("multipart/")) throw ApiError.of("multipartNotPlayed");
    const body = await readObject(context);
    return answers.once(context, grant.id, body, () => send(context, dependencies, grant, body));
  });
}

async function send(
  context: ApiContext,
  { behaviours, mailClient }: MailboxDependencies,
  grant: StoredGrant,
  body: JsonObject,
): Promise<Response> {
  refuseUnplayedFields(body);
  const from = readSender(body, grant);
  const participants = {
    to: readParticipants(body, "to"),
    cc: readParticipants(body, "cc"),
    bcc: readParticipants(body, "bcc"),
    reply_to: readParticipants(body, "reply_to"),
  };
  const attachments = readAttachments(body);
  const count = participants.to.length + participants.cc.length + participants.bcc.length;
  if (count === 0) throw ApiError.of("noRecipient");
  if (count > MAX_RECIPIENTS) throw ApiError.of("tooManyRecipients", { max: MAX_RECIPIENTS });

  const server = smtpServerOf(grant.settings);
  if (server === undefined) {
    throw ApiError.of("smtpMissing", { status: behaviours.missingSmtp === "422" ? 422 : 400 });
  }
  const mail: OutgoingMail = {
    from: mailAddress(from),
    to: participants.to.map(mailAddress),
    cc: participants.cc.map(mailAddress),
    bcc: participants.bcc.map(mailAddress),
    replyTo: participants.reply_to.map(mailAddress),
    subject: optionalText(body, "subject") ?? "",
    body: optionalText(body, "body") ?? "",
    isHtml: body.is_plaintext !== true,
    attachments,
    messageId: `<${randomUUID()}@nylas-emulator.invalid>`,
  };
  const verdict = await mailClient.send(server, mail);
  if (verdict === "refused") {
    // The grant stays valid, because SMTP may have other credentials. Nylas: 403 when the provider refuses the log-in.
    throw ApiError.of("smtpRefused");
  }
  if (verdict !== "accepted") throw providerUnreachable();
  return context.json({
    request_id: context.var.requestId,
    grant_id: grant.id,
    data: {
      id: mail.messageId,
      object: "message",
      grant_id: grant.id,
      thread_id: mail.messageId,
      subject: mail.subject,
      body: mail.body,
      date: nowSeconds(),
      from: [from],
      ...participants,
      folders: [],
      attachments: attachments.map((attachment, index) => {
        return attachmentView(attachment, index, { id: mail.messageId, grantId: grant.id });
      }),
    },
  });
}

/** Refused, because ignoring one would send a different message than Nylas sends. */
const UNPLAYED_FIELDS = [
  "custom_headers",
  "metadata",
  "reply_to_message_id",
  "send_at",
  "signature_id",
  "template",
  "tracking_options",
  "use_draft",
];

function refuseUnplayedFields(body: JsonObject): void {
  const found = UNPLAYED_FIELDS.find((field) => asksForSomething(body[field]));
  if (found !== undefined) throw ApiError.of("fieldNotPlayed", { field: found });
}

/** False for fields that clients send to disable something, such as `{"opens": false}`. */
function asksForSomething(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) ? Object.values(value).some(asksForSomething) : Boolean(value);
}

/** Only the display name may differ from the mailbox. */
function readSender(body: JsonObject, grant: StoredGrant): Participant {
  const [sender, ...others] = readParticipants(body, "from");
  if (sender === undefined) return { email: grant.email };
  if (others.length > 0 || !sameAddress(sender.email, grant.email)) {
    throw ApiError.of("anotherSender", { address: grant.email });
  }
  return sender;
}

function readParticipants(body: JsonObject, field: string): Participant[] {
  const value = body[field];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw ApiError.of("fieldNotParticipants", { field });
  return value.map((item: unknown) => {
    const email = isObject(item) ? optionalText(item, "email") : undefined;
    const name = isObject(item) ? optionalText(item, "name") : undefined;
    if (!email || !/^[^\s@<>",;]+@[^\s@<>",;]+$/.test(email)) {
      throw ApiError.of("fieldWithoutAddresses", { field });
    }
    return name ? { name, email } : { email };
  });
}

function mailAddress({ name = "", email }: Participant): MailAddress {
  return { name, address: email };
}
