import type { TestEmulator } from "../../../tools/harness/test-emulator.js";
import type { Endpoint } from "./places.js";

/** One answer of the API. Nothing is thrown for a refusal. */
export interface ApiAnswer {
  status: number;
  /** Of an error. */
  type?: string;
  data?: unknown;
}

export interface MailboxSettings {
  username: string;
  password: string;
  imap: Endpoint;
  smtp?: Endpoint;
  smtpUsername?: string;
  smtpPassword?: string;
}

export async function ask(emulator: TestEmulator, method: string, path: string, body?: unknown): Promise<ApiAnswer> {
  const response = await fetch(`${emulator.emulator.apiUri}${path}`, {
    method,
    headers: { authorization: `Bearer ${emulator.emulator.apiKey}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // The envelope of every answer.
  const { data, error } = (await response.json()) as { data?: unknown; error?: { type: string } };
  return { status: response.status, data, ...(error === undefined ? {} : { type: error.type }) };
}

/** `connect/custom`. */
export function connect(emulator: TestEmulator, mailbox: MailboxSettings): Promise<ApiAnswer> {
  const { username, password, imap, smtp, smtpUsername, smtpPassword } = mailbox;
  const settings = {
    imap_username: username,
    imap_password: password,
    imap_host: imap.host,
    imap_port: imap.port,
    smtp_host: smtp?.host,
    smtp_port: smtp?.port,
    smtp_username: smtpUsername,
    smtp_password: smtpPassword,
  };
  return ask(emulator, "POST", "/v3/connect/custom", { provider: "imap", settings });
}
