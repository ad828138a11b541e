import PostalMime, { type Attachment } from "postal-mime";

export interface MessageContent {
  /** HTML, or plain text if there is none. */
  body: string;
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

/** Empty for a source that cannot be parsed, for example one that is nested too deep. */
export async function readContent(source: Buffer | undefined): Promise<MessageContent> {
  if (source === undefined) return { body: "", attachments: [] };
  try {
    const { html, text, attachments } = await PostalMime.parse(source, OPTIONS);
    return { body: (html ?? text ?? "").replace(/\n$/, ""), attachments: attachments.map(toAttachment) };
  } catch {
    return { body: "", attachments: [] };
  }
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
