import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { createApp } from "./app.js";
import { type Behaviors, chooseBehaviors, countAsked, describeBehaviors } from "./behaviors.js";
import { pageLink } from "./control/page.js";
import { startHttpServer } from "./http/server.js";
import { offlineMailClient, realMailClient } from "./mail-client/mail-client.js";
import { trustAlso } from "./mail-client/trust.js";
import { type EmbeddedMail, reachable, startEmbeddedMail } from "./mail-server/embedded-mail.js";
import { MailboxStore } from "./mail-server/mailbox-store.js";
import { chooseUsers } from "./mail-server/users.js";
import { type Emulator, type EmulatorOptions, OptionError } from "./options.js";
import { randomApiKey, seededRandom } from "./random.js";
import { openStateFile } from "./store/state-file.js";
import { emptyData, Store } from "./store/store.js";
import type { StoredData } from "./store/types.js";

const LOOPBACK = "127.0.0.1";

/** Starts the API and, with `mail`, the mail servers. Stops whatever it has started if it fails. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  // Requests without a key would count as those with it.
  if (options.apiKey?.trim() === "") throw new OptionError("The API key must not be empty.");
  const chosen = chooseBehaviors(options.behavior);
  const given = options.ca === undefined ? [] : [await readAuthorities(options.ca)];
  const opened = await openData(options);
  try {
    return await startWith(options, chosen, given, opened);
  } catch (error) {
    opened.release();
    throw error;
  }
}

async function startWith(
  options: EmulatorOptions,
  chosen: Behaviors,
  given: readonly string[],
  { apiKey, data, save, release }: OpenData,
): Promise<Emulator> {
  const host = options.host ?? LOOPBACK;
  const region = options.region ?? "us";
  const { behaviors, asked } = countAsked(chosen);
  const store = new Store(data, behaviors, save);
  const mailboxes = options.mail ? await openMailboxes(options, data) : undefined;
  // Without mailboxes this changes nothing, but writes the state file with the generated API key.
  await store.setUsers(mailboxes?.users() ?? data.users);

  const ports = { host, imapPort: options.imapPort ?? 0, smtpPort: options.smtpPort ?? 0 };
  const mail = mailboxes === undefined ? undefined : await startEmbeddedMail(ports, mailboxes);
  try {
    const trust = trustAlso(mail === undefined ? given : [...given, mail.ca]);
    const app = createApp({
      host,
      apiKey,
      region,
      behaviors,
      reportBehaviors: () => describeBehaviors(chosen, asked),
      store,
      mailClient: options.mailLogins === false ? offlineMailClient : realMailClient(trust),
      latencyMs: options.latency ?? 0,
      mailboxes,
      mailServers: mail,
      seeded: () => seededRandom(options.seed),
    });
    const http = await startHttpServer(app, host, options.port ?? 0);
    const apiUri = `http://${urlHost(reachable(host))}:${http.port}`;
    return {
      apiUri,
      apiKey,
      pageUri: pageLink(apiUri, apiKey),
      applicationId: store.applicationId,
      region,
      ...(mail === undefined || mailboxes === undefined ? {} : mailFields(mail, mailboxes)),
      close: async () => {
        await Promise.all([http.close(), mail?.close()]);
        await save(data).finally(release);
      },
    };
  } catch (error) {
    await mail?.close();
    throw error;
  }
}

/** Checks the file, because OpenSSL silently accepts one that contains no certificate. */
async function readAuthorities(path: string): Promise<string> {
  try {
    const pem = await readFile(path, "utf8");
    new X509Certificate(pem);
    return pem;
  } catch {
    throw new OptionError(`${path} is not a PEM file of certificates.`);
  }
}

interface OpenData {
  apiKey: string;
  data: StoredData;
  save(data: StoredData): Promise<void>;
  /** After the last save. */
  release(): void;
}

async function openData(options: EmulatorOptions): Promise<OpenData> {
  if (options.state === undefined) {
    return {
      apiKey: options.apiKey ?? randomApiKey(),
      data: emptyData(),
      save: async () => undefined,
      release: () => undefined,
    };
  }
  const file = await openStateFile(options.state, options.apiKey);
  return { apiKey: file.apiKey, data: file.data ?? emptyData(), save: file.save, release: file.release };
}

async function openMailboxes(options: EmulatorOptions, data: StoredData): Promise<MailboxStore> {
  const seed = options.seed === undefined ? undefined : seededRandom(options.seed);
  return new MailboxStore(await chooseUsers(options.users, data.users, seed));
}

function mailFields(mail: EmbeddedMail, mailboxes: MailboxStore): Partial<Emulator> {
  const { ca, imap, imapStarttls, smtp } = mail;
  return { ca, imap, imapStarttls, smtp, users: mailboxes.users() };
}

function urlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
