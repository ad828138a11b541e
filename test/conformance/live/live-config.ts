import type { Mailbox } from "../../../emulator/test/register/expectation.js";

/** Which API, with which mailbox, and what else is allowed there. */
export interface LiveConfig {
  apiUri: string;
  apiKey: string;
  mailbox: Mailbox;
  /** One wrong password may be tried. */
  wrongPassword: boolean;
  /** Messages may be sent from the mailbox to itself. */
  send: boolean;
  /** Between two requests, at least. */
  gapMs: number;
}

/** Twenty requests a second, of the fifty that Nylas allows an application. */
const GAP_MS = 50;

/** Undefined without a key or a mailbox. */
export function readLiveConfig(env: Readonly<Record<string, string | undefined>>): LiveConfig | undefined {
  const read = (name: string): string => env[`NYLAS_LIVE_${name}`] ?? "";
  const [apiKey, username, password] = [read("API_KEY"), read("IMAP_USERNAME"), read("IMAP_PASSWORD")];
  const [imap, smtp] = [read("IMAP_HOST"), read("SMTP_HOST")];
  if ([apiKey, username, password, imap, smtp].includes("")) return undefined;
  return {
    apiUri: (read("API_URI") || "https://api.us.nylas.com").replace(/\/+$/, ""),
    apiKey,
    mailbox: {
      username,
      password,
      imap: { host: imap, port: Number(read("IMAP_PORT") || 993) },
      smtp: { host: smtp, port: Number(read("SMTP_PORT") || 465) },
    },
    wrongPassword: read("WRONG_PASSWORD") === "1",
    send: read("SEND") === "1",
    gapMs: GAP_MS,
  };
}
