import { isObject, type JsonObject, optionalText } from "../../conventions/body.js";
import { ApiError } from "../../conventions/errors.js";
import type { ReadAttachment } from "../../mail-client/message-content.js";

const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;
const DEFAULT_TYPE = "application/octet-stream";

export interface GivenAttachment extends ReadAttachment {
  content: Buffer;
}

/** Reads the attachments of a message to send. */
export function readAttachments(body: JsonObject): GivenAttachment[] {
  const value = body.attachments ?? [];
  if (!Array.isArray(value) || !value.every(isObject)) {
    throw ApiError.of("fieldNotAttachments");
  }
  return value.map(readAttachment);
}

function readAttachment(item: JsonObject): GivenAttachment {
  const base64 = optionalText(item, "content");
  if (!base64 || !BASE64.test(base64)) throw ApiError.of("attachmentWithoutContent");
  const content = Buffer.from(base64, "base64");
  const filename = optionalText(item, "filename");
  const contentId = optionalText(item, "content_id");
  return {
    content,
    size: content.length,
    contentType: optionalText(item, "content_type") || DEFAULT_TYPE,
    inline: contentId !== undefined,
    ...(filename ? { filename } : {}),
    ...(contentId ? { contentId } : {}),
  };
}

/** An attachment as part of a message, without its content. */
export function attachmentView(
  { filename, contentType, size, contentId, inline }: ReadAttachment,
  index: number,
  message: { id: string; grantId: string },
): Record<string, unknown> {
  return {
    id: `${message.id}:${index}`,
    grant_id: message.grantId,
    ...(filename === undefined ? {} : { filename }),
    content_type: contentType,
    size,
    ...(contentId === undefined ? {} : { content_id: contentId }),
    is_inline: inline,
  };
}
