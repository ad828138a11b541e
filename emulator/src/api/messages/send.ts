import { randomUUID } from "node:crypto";
import { isObject, type JsonObject, optionalText, readObject } from "../../conventions/body.js";
import { ApiError, notFound, providerUnreachable } from "../../conventions/errors.js";
import { IdempotentAnswers } from "../../conventions/idempotency.js";
import { refuseOtherFields } from "../../conventions/query.js";
import type { Api, ApiContext } from "../../http/context.js";
import { compose, type MailAddress } from "../../mail-client/compose.js";
import { readContent } from "../../mail-client/message-content.js";
import type { Participant } from "../../mail-client/participant.js";
import { smtpServerOf } from "../../mail-client/smtp-send.js";
import { REASON } from "../../mail-client/verdict.js";
import { nowSeconds, sameAddress } from "../../store/store.js";
import type { StoredGrant } from "../../store/types.js";
import { isAscii } from "../ascii.js";
import { readAttachments } from "./attachments.js";
import { accessFailure, grantOfDataPath, type MailboxDependencies } from "./mailbox-access.js";
import { messageView } from "./message-view.js";

const MAX_RECIPIENTS = 100;

export function sendRoutes(api: Api, dependencies: MailboxDependencies): void {
  const answers = new IdempotentAnswers(dependencies.behaviors);

  api.post("/v3/grants/:id/messages/send", async (context) => {
    const grant = grantOfDataPath(context, dependencies);
    refuseOtherFields(context);
    if (context.req.header("content-type")?.startsWith("multipart/")) throw ApiError.of("multipartNotPlayed");
    const body = await readObject(context);
    return answers.once(context, grant.id, body, () => send(context, dependencies, grant, body));
  });
}

async function send(
  context: ApiContext,
  dependencies: MailboxDependencies,
  grant: StoredGrant,
  body: JsonObject,
): Promise<Response> {
  const { behaviors, mailClient } = dependencies;
  refuseUnplayedFields(body);
  const from = readSender(body, grant);
  const participants = {
    to: readParticipants(body, "to"),
    cc: readParticipants(body, "cc"),
    bcc: readParticipants(body, "bcc"),
    reply_to: readParticipants(body, "reply_to"),
  };
  const attachments = readAttachments(body);
  const recipients = [...participants.to, ...participants.cc, ...participants.bcc].map(({ email }) => email);
  if (recipients.length === 0) throw ApiError.of("noRecipient");
  if (recipients.length > MAX_RECIPIENTS) throw ApiError.of("tooManyRecipients", { max: MAX_RECIPIENTS });

  const server = smtpServerOf(grant.settings);
  if (server === undefined) {
    throw ApiError.of("smtpMissing", { status: behaviors.missingSmtp === "422" ? 422 : 400 });
  }
  // Nylas: no message is sent to such an address.
  if (!recipients.every(isAscii)) throw ApiError.of("sendingRejected");
  if (!isAscii(server.pass) && behaviors.nonAsciiPassword === "refused") throw ApiError.of("smtpRefused");
  const messageId = `<${randomUUID()}@nylas-emulator.invalid>`;
  const subject = optionalText(body, "subject") ?? "";
  const answered = await readAnswered(dependencies, grant, body);
  const raw = await compose({
    from: mailAddress(from),
    to: participants.to.map(mailAddress),
    cc: participants.cc.map(mailAddress),
    replyTo: participants.reply_to.map(mailAddress),
    subject,
    body: optionalText(body, "body") ?? "",
    isHtml: body.is_plaintext !== true,
    attachments,
    messageId,
    ...answered,
  });
  const outcome = await mailClient.send(server, { from: from.email, to: recipients, raw });
  // The grant stays valid, because SMTP may have other credentials. Nylas: 403 when the provider refuses the log-in.
  if (outcome === "credentials") throw ApiError.of("smtpRefused");
  // Nylas: some recipients may have got it.
  if (outcome === "rejected") throw ApiError.of("sendingRejected");
  if (outcome !== "accepted") throw providerUnreachable(REASON[outcome]);
  await mailClient.fileSent(grant.settings, { messageId, raw });
  // Read back, so that a later request shows the same attachments with the same ids.
  const { inReplyTo: _answered, ...content } = await readContent(raw);
  const sent = {
    ...content,
    ...{ id: messageId, subject, date: nowSeconds(), from: [from] },
    ...{ to: participants.to, cc: participants.cc, bcc: participants.bcc },
  };
  return context.json({
    request_id: context.var.requestId,
    grant_id: grant.id,
    data: {
      ...messageView(sent, { grantId: grant.id, folders: [] }, behaviors),
      ...(answered.inReplyTo === undefined ? {} : { reply_to_message_id: answered.inReplyTo }),
    },
  });
}

/** What a reply says of the message that it answers, as in RFC 5322, 3.6.4. */
async function readAnswered(
  dependencies: MailboxDependencies,
  grant: StoredGrant,
  body: JsonObject,
): Promise<{ inReplyTo?: string; references: string[] }> {
  const id = optionalText(body, "reply_to_message_id");
  if (!id) return { references: [] };
  const outcome = await dependencies.mailClient.message(grant.settings, id);
  if (outcome.verdict !== "accepted") throw await accessFailure(dependencies, grant, outcome.verdict);
  if (outcome.result === undefined) throw notFound("other", dependencies.behaviors);
  const { message } = outcome.result;
  const [first] = message.references;
  const earlier = first === undefined && message.inReplyTo !== undefined ? [message.inReplyTo] : message.references;
  const { messageId } = message;
  return messageId === undefined
    ? { references: earlier }
    : { inReplyTo: messageId, references: [...earlier, messageId] };
}

/** Refused, because ignoring one would send a different message than Nylas sends. */
const UNPLAYED_FIELDS = [
  "custom_headers",
  "metadata",
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
