import type { ImapSettings } from "../store/types.js";
import { withImapSession } from "./imap-login.js";
import type { Trust } from "./trust.js";

/**
 * Files a sent message in the mailbox's Sent folder, as Nylas does, unless the SMTP server has done so, as that of Gmail
 * does. A failure changes nothing: the message has been sent.
 */
export async function fileSentMessage(
  settings: ImapSettings,
  trust: Trust,
  { messageId, raw }: { messageId: string; raw: Buffer },
): Promise<void> {
  await withImapSession(settings, trust, async (client) => {
    const sent = (await client.list()).find(({ specialUse }) => specialUse === "\\Sent");
    if (sent === undefined) return;
    await client.mailboxOpen(sent.path, { readOnly: true });
    const found = await client.search({ header: { "message-id": messageId } }, { uid: true });
    if (!found || found.length === 0) await client.append(sent.path, raw, ["\\Seen"]);
  }).catch(() => undefined);
}
