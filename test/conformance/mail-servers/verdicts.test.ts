import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import tls from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NylasError } from "../../../provider/src/errors.js";
import { preflight } from "../../../provider/src/preflight/preflight.js";
import { DOUBTS } from "../../../provider/src/preflight/verdict.js";
import { present, TestEmulator } from "../../../tools/harness/test-emulator.js";
import { until } from "../../../tools/harness/until.js";
import { makeWorkDirectory } from "../../../tools/harness/work-directory.js";
import { here } from "../../support/here.js";
import { ask } from "../dovecot/ask.js";
import { makeServerCertificates, type ServerCertificates } from "../dovecot/certificates.js";
import { HOST, ODD, ODD_PASSWORD, OPS, RIGHT, type RunningServer, type Situation } from "./server.js";
import { SERVERS } from "./servers.js";
import { expectTable, type Row } from "./table.js";

/** A server may listen before it can check passwords. */
const READY_MS = 90_000;

const trusted = tls.getCACertificates("default");

let certificates: ServerCertificates;
let emulator: TestEmulator;
const directory = makeWorkDirectory("mail-servers");

beforeAll(async () => {
  certificates = await makeServerCertificates([HOST, "localhost"]);
  const ca = join(directory, "ca.crt");
  writeFileSync(ca, certificates.ca);
  const users = [OPS, ODD].map((username) => ({ username, password: username === ODD ? ODD_PASSWORD : RIGHT }));
  emulator = await TestEmulator.start({ ca, users, behavior: { authLimit: "off" } });
  await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "mail" });
  tls.setDefaultCACertificates([...trusted, certificates.ca, present(emulator.emulator.ca)]);
});

afterAll(async () => {
  tls.setDefaultCACertificates(trusted);
  await emulator?.close();
  rmSync(directory, { recursive: true });
});

for (const server of SERVERS) {
  const reason = server.missing();
  const title = reason === undefined ? server.name : `${server.name} [skipped: ${reason}]`;
  describe.skipIf(reason !== undefined)(title, () => {
    let running: RunningServer;

    beforeAll(async () => {
      running = await server.start(certificates.good);
    });

    afterAll(() => running?.stop());

    it("is judged as the table says", async ({ skip }) => {
      const accepted = running.situations.find(({ works, arrange }) => works && arrange === undefined);
      if (accepted !== undefined) {
        await until(`${server.name} is ready`, READY_MS, async () => (await preflightOf(accepted)).verdict === "ok");
      }
      const rows: Row[] = [];
      for (const situation of running.situations) rows.push(await judge(running, situation));
      const other = expectTable(server.name, running.version, rows);
      if (other !== undefined) skip(`the page has ${other}`);
    });
  });
}

async function judge(server: RunningServer, situation: Situation): Promise<Row> {
  const undo = await situation.arrange?.();
  try {
    const says = await preflightOf(situation);
    if (situation.works) expect(says.verdict, `${situation.situation}: ${says.words}\n${server.log()}`).toBe("ok");
    const emulated = await emulatorOf(situation);
    return {
      protocol: situation.protocol,
      situation: situation.situation,
      ...says,
      words: server.varying === undefined ? says.words : says.words.replace(server.varying, ""),
      emulator: emulated,
    };
  } finally {
    await undo?.();
  }
}

/** The mailbox at the server, with the emulator's own as the other half. */
function mailboxOf({ protocol, port, username = OPS, password = RIGHT }: Situation) {
  const login = { imapUsername: username, imapPassword: password, imapHost: HOST, imapPort: port };
  if (protocol === "IMAP") return login;
  const imap = { imapUsername: OPS, imapPassword: RIGHT, imapHost: emulator.imap.host, imapPort: emulator.imap.port };
  return { ...imap, smtpUsername: username, smtpPassword: password, smtpHost: HOST, smtpPort: port };
}

async function preflightOf(situation: Situation): Promise<Pick<Row, "verdict" | "words" | "code" | "doubt">> {
  const error = await preflight(mailboxOf(situation), "enforce", here().notices).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) return { verdict: "ok", words: "", code: "", doubt: false };
  if (!(error instanceof NylasError)) throw error;
  expect(error.message).not.toContain(situation.password ?? RIGHT);
  const [, verdict = "", words = ""] = /(?:IMAP|SMTP) at \S+: (\w+)(?: \("(.*?)"\))?,/.exec(error.answer) ?? [];
  return {
    verdict,
    words,
    code: error.code,
    doubt: Object.values(DOUBTS).some((doubt) => error.answer.includes(doubt)),
  };
}

/** What `connect/custom` answers, or a send for SMTP, which Nylas does not log in to before. */
async function emulatorOf(situation: Situation): Promise<string> {
  const mailbox = mailboxOf(situation);
  const smtp = "smtpHost" in mailbox ? mailbox : undefined;
  const settings = {
    imap_username: mailbox.imapUsername,
    imap_password: mailbox.imapPassword,
    imap_host: mailbox.imapHost,
    imap_port: mailbox.imapPort,
    smtp_host: smtp?.smtpHost,
    smtp_port: smtp?.smtpPort,
    smtp_username: smtp?.smtpUsername,
    smtp_password: smtp?.smtpPassword,
  };
  const connected = await ask(emulator, "POST", "/v3/connect/custom", { provider: "imap", settings });
  if (smtp === undefined || connected.status >= 300) return answerText(connected);
  const grant = await emulator.grantOf(OPS);
  const message = { to: [{ email: OPS }], subject: "sent in a situation", body: "" };
  return answerText(await ask(emulator, "POST", `/v3/grants/${grant.id}/messages/send`, message));
}

function answerText({ status, type }: { status: number; type?: string }): string {
  return type === undefined ? String(status) : `${status} ${type}`;
}
