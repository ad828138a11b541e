import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import tls from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { CredentialsError, MailServerError } from "../../provider/src/errors.js";
import { createClient } from "../../provider/src/nylas/client.js";
import { authenticateMailbox } from "../../provider/src/nylas/grants.js";
import { preflight } from "../../provider/src/preflight/preflight.js";
import { readSettings } from "../../provider/src/settings.js";
import { TestEmulator } from "../../tools/harness/test-emulator.js";
import { makeWorkDirectory } from "../../tools/harness/work-directory.js";
import { ask } from "../conformance/dovecot/ask.js";
import { makeServerCertificates, type ServerCertificates } from "../conformance/dovecot/certificates.js";
import { here } from "../support/here.js";
import {
  type ImapScript,
  type ScriptedServer,
  type SmtpScript,
  scriptedImap,
  scriptedSmtp,
} from "../support/scripted-mail.js";

const PASSWORD = "the password of ops";
const trusted = tls.getCACertificates("default");
const WRONG_PASSWORD = { status: 400, type: "grant.invalid_authentication" };
const OTHER_REASON = { status: 504, type: "api.provider_error" };

let certificates: ServerCertificates;
let emulator: TestEmulator;
const servers: ScriptedServer[] = [];
const directory = makeWorkDirectory("login-failure");

beforeAll(async () => {
  certificates = await makeServerCertificates(["127.0.0.1"]);
  const ca = join(directory, "ca.crt");
  writeFileSync(ca, certificates.ca);
  emulator = await TestEmulator.start({ mail: false, ca });
  await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "mail" });
  tls.setDefaultCACertificates([...trusted, certificates.ca]);
});

afterAll(async () => {
  tls.setDefaultCACertificates(trusted);
  await emulator.close();
  rmSync(directory, { recursive: true });
});

afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function imapThatSays(script: ImapScript): Promise<ScriptedServer> {
  const server = await scriptedImap(certificates.good, script);
  servers.push(server);
  return server;
}

async function smtpThatSays(script: SmtpScript): Promise<ScriptedServer> {
  const server = await scriptedSmtp(certificates.good, script);
  servers.push(server);
  return server;
}

type Mode = "warn" | "enforce";

/** What a preflight throws. */
function check(imap: ScriptedServer, smtp: ScriptedServer | undefined, mode: Mode = "enforce"): Promise<unknown> {
  const at = { imapHost: "127.0.0.1", imapPort: imap.port };
  const smtpAt = smtp === undefined ? {} : { smtpHost: "127.0.0.1", smtpPort: smtp.port };
  const mailbox = { imapUsername: "ops@example.test", imapPassword: PASSWORD, ...at, ...smtpAt };
  return preflight(mailbox, mode, here().notices).then(
    () => undefined,
    (error: unknown) => error,
  );
}

function connect(imap: ScriptedServer, username = "ops@example.test") {
  const settings = {
    imap_username: username,
    imap_password: PASSWORD,
    imap_host: "127.0.0.1",
    imap_port: imap.port,
  };
  return ask(emulator, "POST", "/v3/connect/custom", { provider: "imap", settings });
}

const CREDENTIALS = "invalid_credentials";
const REFUSED = "mail_server_refused";
const UNREACHABLE = "provider_not_responding";

/** Situation, what the server says, the code of the error, the category, and whether the password was sent. */
const AT_IMAP: readonly [string, ImapScript, string, string, number][] = [
  ["a wrong password", { login: "TAG NO [AUTHENTICATIONFAILED] No" }, CREDENTIALS, "credentials", 1],
  ["a NO without a code", { login: "TAG NO Login failed." }, CREDENTIALS, "credentials", 1],
  ["a NO with an unknown code", { login: "TAG NO [ALERT] See our page" }, CREDENTIALS, "credentials", 1],
  ["a NO with the name of a method", { login: "TAG NO [CONSTRUCTOR] No" }, CREDENTIALS, "credentials", 1],
  ["AUTHORIZATIONFAILED", { login: "TAG NO [AUTHORIZATIONFAILED] Not you" }, REFUSED, "account_disabled", 1],
  ["EXPIRED", { login: "TAG NO [EXPIRED] Change it" }, REFUSED, "account_disabled", 1],
  ["CONTACTADMIN", { login: "TAG NO [CONTACTADMIN] Maintenance" }, REFUSED, "account_disabled", 1],
  ["LIMIT", { login: "TAG NO [LIMIT] Maximum number of connections" }, REFUSED, "busy", 1],
  ["LIMIT, and hangs up", { login: "TAG NO [LIMIT] Maximum number of connections\r\nCLOSE" }, REFUSED, "busy", 1],
  ["INUSE", { login: "TAG NO [INUSE] Locked" }, REFUSED, "busy", 1],
  ["UNAVAILABLE", { login: "TAG NO [UNAVAILABLE] Backend down" }, REFUSED, "busy", 1],
  ["SERVERBUG", { login: "TAG NO [SERVERBUG] Internal error" }, REFUSED, "busy", 1],
  ["only OAuth", { capabilities: "LOGINDISABLED AUTH=XOAUTH2 AUTH=OAUTHBEARER" }, REFUSED, "no_password_login", 0],
  ["only Kerberos", { capabilities: "LOGINDISABLED AUTH=GSSAPI AUTH=NTLM" }, REFUSED, "no_password_login", 0],
  ["no log-in at all", { capabilities: "LOGINDISABLED" }, REFUSED, "no_password_login", 0],
  [
    "BYE after the password",
    { login: "* BYE Fatal error: No such directory\r\nCLOSE" },
    REFUSED,
    "closed_after_login",
    1,
  ],
  ["no answer to the password", { login: "CLOSE" }, REFUSED, "closed_after_login", 1],
  ["BYE with a code", { login: "* BYE [UNAVAILABLE] Restarting\r\nCLOSE" }, REFUSED, "busy", 1],
  ["BYE after the log-in", { afterLogin: "* BYE IMAP access disabled\r\nCLOSE" }, REFUSED, "closed_after_login", 1],
  ["no INBOX", { select: "TAG NO Mailbox does not exist" }, REFUSED, "no_inbox", 1],
  ["an INBOX that it cannot open", { select: "TAG NO [SERVERBUG] Internal error" }, REFUSED, "no_inbox", 1],
  ["an INBOX in use", { select: "TAG NO [INUSE] Locked" }, REFUSED, "busy", 1],
  ["a greeting that is BYE", { greeting: "* BYE Not you\r\nCLOSE" }, UNREACHABLE, "closed", 0],
  ["a greeting of a busy server", { greeting: "* BYE [UNAVAILABLE] Too many\r\nCLOSE" }, REFUSED, "busy", 0],
];

describe("an IMAP server's answer means the same to a preflight and to the emulator", () => {
  it.each(AT_IMAP)("%s", async (_situation, script, code, category, logins) => {
    const imap = await imapThatSays(script);
    const error = await check(imap, undefined);
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain(`IMAP at 127.0.0.1:${imap.port}: ${category}`);
    expect(String(error)).not.toContain(PASSWORD);
    expect(imap.logins()).toBe(logins);
    const answer = await connect(imap, `${imap.port}@example.test`);
    expect(answer).toMatchObject(category === "credentials" ? WRONG_PASSWORD : OTHER_REASON);
    expect(imap.logins()).toBe(2 * logins);
  });
});

/** Situation, what the server says, the code of the error, and the category. */
const AT_SMTP: readonly [string, SmtpScript, string, string, number][] = [
  ["535 5.7.8", { auth: "535 5.7.8 Authentication failed" }, CREDENTIALS, "credentials", 1],
  ["535 without more", { auth: "535 Incorrect authentication data" }, CREDENTIALS, "credentials", 1],
  ["535 5.7.139", { auth: "535 5.7.139 Authentication unsuccessful" }, REFUSED, "smtp_login_disabled", 1],
  ["534", { auth: "534 5.7.9 Application-specific password required" }, REFUSED, "smtp_login_disabled", 1],
  ["525", { auth: "525 5.7.13 Account disabled" }, REFUSED, "account_disabled", 1],
  ["421", { auth: "421 4.7.0 Try again later\r\nCLOSE" }, REFUSED, "busy", 1],
  ["432", { auth: "432 4.7.12 Change your password elsewhere" }, REFUSED, "busy", 1],
  ["435", { auth: "435 Unable to authenticate at present" }, REFUSED, "busy", 1],
  ["450", { auth: "450 4.3.0 Later" }, REFUSED, "busy", 1],
  ["454", { auth: "454 4.7.0 Temporary authentication failure" }, REFUSED, "busy", 1],
  ["500", { auth: "500 unknown" }, REFUSED, "no_password_login", 1],
  ["502", { auth: "502 5.5.2 not here" }, REFUSED, "no_password_login", 1],
  ["503", { auth: "503 5.5.1 authentication not enabled" }, REFUSED, "no_password_login", 1],
  ["504", { auth: "504 5.5.4 not this mechanism" }, REFUSED, "no_password_login", 1],
  ["no AUTH", { ehlo: "250-here\r\n250 SIZE 1000" }, REFUSED, "no_password_login", 0],
  ["AUTH with NTLM only", { ehlo: "250-here\r\n250 AUTH NTLM GSSAPI XOAUTH2" }, REFUSED, "no_password_login", 0],
  ["421 as greeting", { greeting: "421 4.7.0 too many connections\r\nCLOSE" }, REFUSED, "busy", 0],
  ["554 as greeting", { greeting: "554 5.7.1 Not you\r\nCLOSE" }, UNREACHABLE, "closed", 0],
  ["a hang-up after the password", { auth: "CLOSE" }, REFUSED, "closed_after_login", 1],
];

describe("an SMTP server's answer, after an IMAP server has accepted the password", () => {
  it.each(AT_SMTP)("%s", async (_situation, script, code, category, logins) => {
    const [imap, smtp] = [await imapThatSays({}), await smtpThatSays(script)];
    const error = await check(imap, smtp);
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain(`SMTP at 127.0.0.1:${smtp.port}: ${category}`);
    expect(String(error)).not.toContain("IMAP at");
    expect(smtp.logins()).toBe(logins);
    // Nylas logs in to SMTP only when it sends.
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    expect(await check(imap, smtp, "warn")).toBeUndefined();
    expect(printed.mock.calls.flat().join()).toContain(category);
    printed.mockRestore();
  });
});

it("shows what the server said, without the password and control characters", async () => {
  const imap = await imapThatSays({ login: `TAG NO [CONTACTADMIN] \u001b[31m"${PASSWORD}" is frozen` });
  const error = await check(imap, undefined);
  expect(String(error)).toContain('account_disabled (""[secret]" is frozen")');
});

it("says what a refusal without a reason may mean, and not after one with a reason", async () => {
  const bare = await check(await imapThatSays({ login: "TAG NO Login failed." }), undefined);
  expect(String(bare)).toMatch(/too many connections .* account is disabled, or that .* cannot open the mailbox/);
  const clear = await check(await imapThatSays({ login: "TAG NO [AUTHENTICATIONFAILED] No" }), undefined);
  expect(String(clear)).not.toContain("too many connections");
});

it.each([
  ["a busy server", { login: "TAG NO [LIMIT] Too many" }, "run again later", undefined],
  ["a disabled account", { login: "TAG NO [CONTACTADMIN] Ask us" }, "unlock or renew the account", undefined],
  ["a missing INBOX", { select: "TAG NO Mailbox does not exist" }, "create or repair INBOX", undefined],
  ["a server that sends this machine away", { greeting: "* BYE Not you\r\nCLOSE" }, "accepts connections", "warn"],
  ["a server with too many connections", { greeting: "* BYE Too many\r\nCLOSE" }, "run again later", "warn"],
  ["a server that hangs up on a password", { login: "CLOSE" }, "is enabled for the account", "off"],
] as const)(
  "the remedy for %s, and a way around it only where that helps",
  async (_situation, script, step, around) => {
    const error = await check(await imapThatSays(script), undefined);
    expect(error).toMatchObject({ remedy: expect.stringContaining(step) });
    expect(/preflight: "(\w+)" (?:goes on|leaves)/.exec(String(error))?.[1]).toBe(around);
  },
);

describe("a password that may be wrong is sent once", () => {
  it.each(["warn", "enforce"] as const)("with preflight: %s, refused by IMAP", async (mode) => {
    const imap = await imapThatSays({ login: "TAG NO [AUTHENTICATIONFAILED] No" });
    const smtp = await smtpThatSays({ auth: "535 5.7.8 No" });
    expect(await check(imap, smtp, mode)).toBeInstanceOf(CredentialsError);
    expect([imap.logins(), smtp.logins()]).toEqual([1, 0]);
  });

  it.each(["CLOSE", "* BYE no\r\nCLOSE"])("to a server that answers %j", async (login) => {
    const imap = await imapThatSays({ login });
    const smtp = await smtpThatSays({ auth: "535 5.7.8 No" });
    expect(await check(imap, smtp, "warn")).toBeInstanceOf(MailServerError);
    expect([imap.logins(), smtp.logins()]).toEqual([1, 0]);
  });

  it.each(["CLOSE", "* BYE no\r\nCLOSE", "TAG NO No"])("by Nylas, to a server that answers %j", async (login) => {
    const imap = await imapThatSays({ login });
    const client = createClient(
      readSettings("nylas", () => undefined, emulator.env),
      here(),
    );
    const mailbox = {
      imapUsername: "ops@example.test",
      imapPassword: PASSWORD,
      imapHost: "127.0.0.1",
      imapPort: imap.port,
    };
    await expect(authenticateMailbox(client, mailbox, undefined)).rejects.toThrow();
    expect(imap.logins()).toBe(1);
  });

  it("by SMTP, where IMAP was not reached", async () => {
    const imap = await imapThatSays({ greeting: "* BYE Not you\r\nCLOSE" });
    const smtp = await smtpThatSays({ auth: "535 5.7.8 No" });
    expect(await check(imap, smtp, "warn")).toBeInstanceOf(CredentialsError);
    expect([imap.logins(), smtp.logins()]).toEqual([0, 1]);
  });

  it.each(["535 Incorrect authentication data", "454 4.7.0 auth: invalid credentials"])(
    "by SMTP, where IMAP was not reached and SMTP answers %s",
    async (auth) => {
      const imap = await imapThatSays({ greeting: "* BYE Not you\r\nCLOSE" });
      const smtp = await smtpThatSays({ auth });
      expect(await check(imap, smtp, "warn")).toBeDefined();
      expect([imap.logins(), smtp.logins()]).toEqual([0, 1]);
    },
  );

  it("and `warn` goes on where the refusal has another reason", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const imap = await imapThatSays({ login: "TAG NO [LIMIT] Too many" });
    expect(await check(imap, undefined, "warn")).toBeUndefined();
    expect(printed.mock.calls.flat().join()).toContain("busy");
    printed.mockRestore();
  });
});

it("a busy server costs no lock and no grant its status", async () => {
  const username = "busy@example.test";
  const good = await imapThatSays({});
  expect(await connect(good, username)).toMatchObject({ status: 201 });
  const grant = await emulator.grantOf(username);
  const busy = await imapThatSays({ login: "TAG NO [LIMIT] Too many" });
  for (let attempt = 0; attempt < 4; attempt += 1) {
    expect(await connect(busy, username)).toMatchObject(OTHER_REASON);
  }
  expect(await connect(await imapThatSays({ login: "TAG NO No" }), username)).toMatchObject(WRONG_PASSWORD);
  expect(await emulator.grantOf(username)).toMatchObject({ id: grant.id, grant_status: "valid" });
});

it("provider and emulator have the same table", () => {
  const file = (path: string) => readFileSync(join(import.meta.dirname, "../..", path), "utf8");
  const own = file("provider/src/preflight/login-failure.ts");
  expect(file("emulator/src/mail-client/login-failure.ts")).toBe(own);
});
