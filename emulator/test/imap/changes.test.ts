import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Certificates, makeCertificates } from "../../../emulator/src/mail-server/certificates.js";
import { CONNECTION_LIMITS } from "../../../emulator/src/mail-server/imap/limits.js";
import { startImapServer } from "../../../emulator/src/mail-server/imap/server.js";
import { MailboxStore } from "../../../emulator/src/mail-server/mailbox-store.js";
import type { RunningServer } from "../../../emulator/src/mail-server/smtp-server.js";
import { VICTIM } from "./target-process.js";
import { Wire } from "./wire.js";

/** Messages that a folder holds at most. */
const FULL = 1_000;

let certificates: Certificates;
let server: RunningServer;
let mailboxes: MailboxStore;
let wire: Wire;
let commands = 0;

const deliver = (subject: string) => mailboxes.deliver(VICTIM.username, Buffer.from(`Subject: ${subject}\r\n\r\n`));

/** Sends a command. Returns the lines of the answer without the tag. */
async function tell(command: string): Promise<string[]> {
  commands += 1;
  const from = wire.received.length;
  await wire.send(`c${commands} ${command}\r\n`);
  await wire.has(new RegExp(`^c${commands} .*\r\n`, "m"));
  return wire.received.slice(from).replace(`c${commands} `, "").trimEnd().split("\r\n");
}

beforeAll(async () => {
  certificates = await makeCertificates(["127.0.0.1"]);
});

async function open(messages: number): Promise<void> {
  mailboxes = new MailboxStore([VICTIM]);
  for (let number = 1; number <= messages; number++) deliver(`${number}`);
  const at = { host: "127.0.0.1", port: 0, mode: "implicit" } as const;
  server = await startImapServer(at, certificates, mailboxes, CONNECTION_LIMITS);
  wire = Wire.tls(server.port, certificates.ca);
  await wire.has(/^\* OK .*\r\n/);
  await tell(`LOGIN ${VICTIM.username} ${VICTIM.password}`);
  expect(await tell("SELECT INBOX")).toContain(`* ${messages} EXISTS`);
}

afterEach(async () => {
  wire.close();
  await server.close();
});

describe("a message that arrives in an open folder", () => {
  it.each(["NOOP", "CHECK", "STATUS INBOX (MESSAGES)"])("is announced by %s, once", async (command) => {
    await open(1);
    deliver("new");
    expect(await tell(command)).toContain("* 2 EXISTS");
    expect(await tell(command)).not.toContain("* 2 EXISTS");
  });

  it("has no number before it is announced", async () => {
    await open(1);
    deliver("new");
    expect(await tell("SEARCH ALL")).toEqual(["* SEARCH 1", "* 2 EXISTS", "OK Done"]);
    expect(await tell("SEARCH ALL")).toEqual(["* SEARCH 1 2", "OK Done"]);
    deliver("newer");
    expect(await tell("FETCH 1:* UID")).toEqual(["* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)", "* 3 EXISTS", "OK Done"]);
  });

  it("takes the oldest one's place in a full folder, which no command with numbers sees", async () => {
    await open(FULL);
    deliver("new");
    expect(await tell(`FETCH 1,${FULL} UID`)).toEqual([
      "* 1 FETCH (UID 1)",
      `* ${FULL} FETCH (UID ${FULL})`,
      "OK Done",
    ]);
    expect(await tell("NOOP")).toEqual(["* 1 EXPUNGE", `* ${FULL} EXISTS`, "OK Done"]);
    expect(await tell(`FETCH 1,${FULL} UID`)).toEqual([
      "* 1 FETCH (UID 2)",
      `* ${FULL} FETCH (UID ${FULL + 1})`,
      "OK Done",
    ]);
  });
});

it("a header in UTF-8 is shown and found as it came", async () => {
  await open(0);
  deliver("Grüße");
  await tell("NOOP");
  // The test reads bytes as Latin-1.
  const bytes = Buffer.from("Grüße").toString("latin1");
  expect((await tell("FETCH 1 ENVELOPE")).join("")).toContain(`"${bytes}"`);
  expect(await tell('SEARCH CHARSET UTF-8 SUBJECT "GRÜSSE"')).toContain("* SEARCH");
  expect(await tell('SEARCH CHARSET UTF-8 SUBJECT "grüße"')).toContain("* SEARCH 1");
});

it.each(["pa[ss", "us[er]", "a]b", "[["])("a password %s is one word of a command", async (password) => {
  await open(0);
  mailboxes.setPassword(VICTIM.username, password);
  const again = Wire.tls(server.port, certificates.ca);
  await again.has(/^\* OK .*\r\n/);
  await again.send(`x LOGIN ${VICTIM.username} ${password}\r\n`);
  await again.has(/^x OK .*\r\n/m);
  again.close();
});
