import MailComposer from "nodemailer/lib/mail-composer";

export interface MailAddress {
  name: string;
  address: string;
}

export interface DraftAttachment {
  filename?: string;
  contentType: string;
  content: Buffer;
  contentId?: string;
}

/** What a message says. */
export interface Draft {
  from: MailAddress;
  to: MailAddress[];
  cc: MailAddress[];
  replyTo: MailAddress[];
  subject: string;
  body: string;
  isHtml: boolean;
  attachments: DraftAttachment[];
  messageId: string;
  /** The message that this one answers. */
  inReplyTo?: string;
  references: string[];
}

/** The message as it is sent. */
export function compose({ body, isHtml, attachments, ...headers }: Draft): Promise<Buffer> {
  const composer = new MailComposer({
    ...headers,
    ...(isHtml ? { html: body } : { text: body }),
    // Only these fields, because nodemailer also accepts a path or a URL to read from.
    attachments: attachments.map(({ filename, contentType, content, contentId }) => ({
      // Without `false`, nodemailer generates a name.
      filename: filename ?? (false as const),
      contentType,
      content,
      ...(contentId === undefined ? {} : { cid: contentId }),
    })),
    // The message comes from a request: it must not make nodemailer read local files or fetch URLs.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}
