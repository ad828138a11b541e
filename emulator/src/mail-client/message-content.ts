import PostalMime, { type Address, type Attachment } from "postal-mime";
import { oneLine, textOfHtml } from "./html-text.js";
import type { Participant } from "./participant.js";

export interface MessageContent {
  /** HTML, or plain text if there is none. */
  body: string;
  /** The beginning of the body as a reader sees it, without line breaks. */
  snippet: string;
  /** Empty if there is no such header, unlike in an IMAP envelope, which then has the sender. */
  replyTo: Participant[];
  /** The Message-ID that the message answers. */
  inReplyTo?: string;
  /** The Message-IDs of the conversation, the first one first. */
  references: string[];
  attachments: ReadAttachment[];
}

export interface ReadAttachment {
  filename?: string;
  contentType: string;
  /** In bytes. */
  size: number;
  contentId?: string;
  inline: boolean;
}

/** A message/rfc822 part is an attachment and not parsed. */
const OPTIONS = { forceRfc822Attachments: true };

const EMPTY: MessageContent = { body: "", snippet: "", replyTo: [], references: [], attachments: [] };
const SNIPPET_LENGTH = 200;
const MESSAGE_ID = /<[^<>\s]+>/g;

/** Empty for a source that cannot be parsed, for example one that is nested too deep. */
export async function readContent(source: Buffer | undefined): Promise<MessageContent> {
  if (source === undefined) return EMPTY;
  try {
    const { html, text, attachments, replyTo, inReplyTo, references } = await PostalMime.parse(source, OPTIONS);
    const [answered] = inReplyTo?.match(MESSAGE_ID) ?? [];
    return {
      body: (html ?? text ?? "").replace(/\n$/, ""),
      snippet: text === undefined ? textOfHtml(html ?? "", SNIPPET_LENGTH) : oneLine(text).slice(0, SNIPPET_LENGTH),
      replyTo: (replyTo ?? []).flatMap(toParticipants),
      ...(answered === undefined ? {} : { inReplyTo: answered }),
      references: references?.match(MESSAGE_ID) ?? [],
      attachments: attachments.map(toAttachment),
    };
  } catch {
    return EMPTY;
  }
}

/** The members of a group, or the one address. */
function toParticipants(address: Address): Participant[] {
  return (address.group ?? [address]).flatMap(({ name, address: email }) => {
    if (!email) return [];
    return [name ? { name, email } : { email }];
  });
}

function toAttachment({ filename, mimeType, content, contentId, disposition }: Attachment): ReadAttachment {
  return {
    ...(filename ? { filename } : {}),
    contentType: mimeType,
    size: Buffer.byteLength(content),
    ...(contentId ? { contentId: contentId.replace(/^<|>$/g, "") } : {}),
    inline: disposition === "inline",
  };
}
