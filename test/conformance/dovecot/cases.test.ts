import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NylasError } from "../../../provider/src/errors.js";
import { preflight } from "../../../provider/src/preflight/preflight.js";
import type { Category } from "../../../provider/src/preflight/verdict.js";
import { until } from "../../../tools/harness/until.js";
import { here } from "../../support/here.js";
import { ask, connect } from "./ask.js";
import { cases, type MailCase, type Surroundings, SWAPPED, USUAL, usualPorts } from "./cases.js";
import { AT, type Dovecot } from "./dovecot.js";
import { describeWithDovecot } from "./installed.js";
import { endless, forward, late, type Place, silent } from "./places.js";
import { mayListenAt } from "./ports.js";
import { type MailSurroundings, startDovecotAndEmulator } from "./surroundings.js";

/** Between two bytes of a server that never ends, well below every limit of silence. */
const ENDLESS_MS = 200;
/** Some ten answers make a login. */
const LATE_MS = 300;
/** No login at two servers, one after the other, takes longer, whatever they do. */
const LIMIT_MS = 80_000;
/** Some clients first wait for the server to close its side. */
const CLOSED_MS = 10_000;
/** The cases mostly wait. */
const CONCURRENT = { concurrent: true, timeout: LIMIT_MS };

const WRONG = "not the password";

const UNREACHABLE = { status: 504, type: "api.provider_error" };
const CONNECTED: Partial<Record<Category, { status: number; type?: string }>> = {
  ok: { status: 201 },
  credentials: { status: 400, type: "grant.invalid_authentication" },
};
const SENT: Partial<Record<Category, { status: number; type?: string }>> = {
  ok: { status: 200 },
  credentials: { status: 403, type: "api.provider_error" },
};

const usual = await mayListenAt(USUAL.host, 143);
const all = [...cases, ...usualPorts];

let around: Surroundings;
let emulator: MailSurroundings["emulator"];
let close: MailSurroundings["close"] | undefined;
const places: Place[] = [];

describeWithDovecot("A mailbox at Dovecot", () => {
  beforeAll(async () => {
    const addresses = all.flatMap((mail) => [
      addressOf("connect", mail),
      addressOf("send", mail),
      addressOf("check", mail),
    ]);
    const passwords = addresses.map((address) => [address, `of ${address}`]);
    const started = await startDovecotAndEmulator(Object.fromEntries(passwords));
    ({ emulator, close } = started);
    around = { dovecot: started.dovecot, ...(await placesAround(started.dovecot)) };
  });

  afterAll(async () => {
    await Promise.all(places.map((place) => place.close()));
    await close?.();
  });

  describe("connecting a grant through the emulator", CONCURRENT, () => {
    for (const mail of all) {
      test(mail, async () => {
        const address = addressOf("connect", mail);
        const answer = await connect(emulator, { ...loginOf(mail, address), ...mail.at(around) });
        expect(answer).toMatchObject(CONNECTED[mail.imap] ?? UNREACHABLE);
        const grants = (await emulator.grants()).filter(({ email }) => email.endsWith(address));
        expect(grants.map((grant) => grant.grant_status)).toEqual(mail.imap === "ok" ? ["valid"] : []);
        if (isBeforeLogin(mail.imap)) expect(around.dovecot.log()).not.toContain(address);
      });
    }
  });

  describe("sending through the emulator", CONCURRENT, () => {
    for (const mail of all) {
      test(mail, async () => {
        const { dovecot } = around;
        const address = addressOf("send", mail);
        const { username: smtpUsername, password: smtpPassword } = loginOf(mail, address);
        const connected = await connect(emulator, {
          username: address,
          password: dovecot.passwordOf(address),
          imap: { host: AT.good, port: dovecot.ports.imaps },
          smtp: mail.at(around).smtp,
          smtpUsername,
          smtpPassword,
        });
        expect(connected.status).toBe(201);
        const message = { to: [{ email: address }], subject: "sent in a case", body: "" };
        const grant = await emulator.grantOf(address);
        const answer = await ask(emulator, "POST", `/v3/grants/${grant.id}/messages/send`, message);
        expect(answer).toMatchObject(SENT[mail.smtp] ?? UNREACHABLE);
        const inbox = await emulator.call<{ subject: string }[]>("GET", `/v3/grants/${grant.id}/messages`);
        expect(inbox.map(({ subject }) => subject)).toEqual(mail.smtp === "ok" ? ["sent in a case"] : []);
        // SMTP may have credentials of its own, which say nothing of the grant.
        expect(await emulator.grantOf(address)).toMatchObject({ grant_status: "valid" });
      });
    }
  });

  describe("the provider's preflight", CONCURRENT, () => {
    for (const mail of all) {
      test(mail, async () => {
        const { imap, smtp } = mail.at(around);
        const address = addressOf("check", mail);
        const { username, password } = loginOf(mail, address);
        const servers = { imapHost: imap.host, imapPort: imap.port, smtpHost: smtp.host, smtpPort: smtp.port };
        const mailbox = { imapUsername: username, imapPassword: password, ...servers };
        const error = await preflight(mailbox, "enforce", here().notices).catch((reason: unknown) => reason);
        if (isBeforeLogin(mail.imap)) expect(around.dovecot.log()).not.toContain(address);
        if (mail.imap === "ok") return expect(error).toBeUndefined();
        if (!(error instanceof NylasError)) throw new Error(`expected a NylasError, got ${String(error)}`);
        expect(error.code).toBe(mail.imap === "credentials" ? "invalid_credentials" : "provider_not_responding");
        // What both servers have in common is explained once, at the second one.
        expect(error.message).toMatch(
          new RegExp(`IMAP at ${imap.host}:${imap.port}: ${mail.imap}(?: \\("[^"]*"\\))?[,;]`),
        );
        // SMTP is not asked with a password that IMAP has refused.
        const smtpSays = new RegExp(`SMTP at ${smtp.host}:${smtp.port}: ${mail.smtp}(?: \\("[^"]*"\\))?,`);
        if (mail.imap === "credentials") expect(error.message).not.toContain("SMTP at");
        else expect(error.message).toMatch(smtpSays);
        expect(error.message).not.toContain(password);
      });
    }
  });

  it("leaves no connection open, whatever the server did", async () => {
    await until("every connection is closed", CLOSED_MS, () => places.every((place) => place.connections() === 0));
  });
});

function test(mail: MailCase, body: () => Promise<void>): void {
  if (usual || !usualPorts.includes(mail)) it(mail.name, body);
  else it.skip(`${mail.name} [skipped: ports below 1024 are not ours here]`, body);
}

/** Of its own for each test, so that none meets what another has left. */
function addressOf(test: "connect" | "send" | "check", mail: MailCase): string {
  return `${test}-${all.indexOf(mail)}@example.test`;
}

function loginOf({ login }: MailCase, address: string): { username: string; password: string } {
  if (login === "unknown user") return { username: `unknown-${address}`, password: WRONG };
  return { username: address, password: login === "right" ? around.dovecot.passwordOf(address) : WRONG };
}

/** Where it goes wrong before the login, the server must never have heard of the user. */
function isBeforeLogin(category: Category): boolean {
  return category !== "ok" && category !== "credentials";
}

async function placesAround({ ports }: Dovecot): Promise<Omit<Surroundings, "dovecot">> {
  const imap = { host: AT.good, port: ports.imap };
  const imaps = { host: AT.good, port: ports.imaps };
  const smtp = { host: AT.good, port: ports.submission };
  const smtps = { host: AT.good, port: ports.submissions };
  const own = async (place: Promise<Place>) => {
    places.push(await place);
    return place;
  };
  if (usual) {
    await Promise.all([
      own(forward(USUAL.imaps, imaps)),
      own(forward(USUAL.imap, imap)),
      own(forward(USUAL.submissions, smtps)),
      own(forward(USUAL.submission, smtp)),
      own(forward(SWAPPED.imaps, imap)),
      own(forward(SWAPPED.imap, imaps)),
      own(forward(SWAPPED.submissions, smtp)),
      own(forward(SWAPPED.submission, smtps)),
    ]);
  }
  return {
    silent: { imap: await own(silent()), smtp: await own(silent()) },
    late: { imap: await own(late(imaps, LATE_MS)), smtp: await own(late(smtps, LATE_MS)) },
    endless: {
      imap: await own(endless("* OK ready\r\n", "* OK not yet\r\n", ENDLESS_MS)),
      smtp: await own(endless("220 ready\r\n", "250-not yet\r\n", ENDLESS_MS)),
    },
  };
}
