import type { Behaviors } from "../../behaviors.js";
import type { MessageSummary } from "../../mail-client/imap-read.js";
import type { MessageContent } from "../../mail-client/message-content.js";
import type { Participant } from "../../mail-client/participant.js";
import { attachmentView } from "./attachments.js";

type Message = MessageContent & Omit<MessageSummary, "uid" | "unread" | "starred"> & Partial<MessageSummary>;

/** A message as the API shows it. */
export function messageView(
  message: Message,
  { grantId, folders }: { grantId: string; folders: readonly string[] },
  behaviors: Behaviors,
): Record<string, unknown> {
  const { id, subject, date, unread, starred, body, snippet, inReplyTo, references, attachments } = message;
  const shown = (participants: readonly Participant[]) => participantViews(participants, behaviors);
  return {
    id,
    object: "message",
    grant_id: grantId,
    thread_id: references[0] ?? inReplyTo ?? id,
    subject,
    date,
    from: shown(message.from),
    to: shown(message.to),
    cc: shown(message.cc),
    bcc: shown(message.bcc),
    reply_to: shown(message.replyTo),
    ...(inReplyTo === undefined ? {} : { in_reply_to: inReplyTo }),
    ...(unread === undefined ? {} : { unread }),
    ...(starred === undefined ? {} : { starred }),
    folders,
    body,
    ...(snippet === "" ? {} : { snippet }),
    attachments: attachments.map((attachment, index) => attachmentView(attachment, index, { id, grantId })),
  };
}

function participantViews(participants: readonly Participant[], { participantName }: Behaviors): Participant[] {
  if (participantName === "absent") return [...participants];
  return participants.map(({ name = "", email }) => ({ name, email }));
}
