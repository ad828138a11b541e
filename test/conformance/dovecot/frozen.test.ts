import { afterAll, beforeAll, expect, it } from "vitest";
import { preflight } from "../../../provider/src/preflight/preflight.js";
import { here } from "../../support/here.js";
import { ask, connect } from "./ask.js";
import { AT } from "./dovecot.js";
import { describeWithDovecot } from "./installed.js";
import { type MailSurroundings, startDovecotAndEmulator } from "./surroundings.js";

const USER = "ops@example.test";
const UNREACHABLE = { status: 504, type: "api.provider_error" };

let mail: MailSurroundings;

describeWithDovecot("A Dovecot that accepts connections and then says nothing", () => {
  beforeAll(async () => {
    mail = await startDovecotAndEmulator({ [USER]: "of ops" });
  });

  afterAll(() => mail?.close());

  it("is unreachable in every way, costs no grant its status, and is reached again when it answers", async () => {
    const { dovecot, emulator } = mail;
    const { ports } = dovecot;
    const password = dovecot.passwordOf(USER);
    const tlsServers = { imap: { host: AT.good, port: ports.imaps }, smtp: { host: AT.good, port: ports.submissions } };
    const starttls = { imap: { host: AT.good, port: ports.imap }, smtp: { host: AT.good, port: ports.submission } };
    expect(await connect(emulator, { username: USER, password, ...tlsServers })).toMatchObject({ status: 201 });
    const grant = await emulator.grantOf(USER);
    const message = { to: [{ email: USER }], subject: "held up", body: "" };
    const sending = () => ask(emulator, "POST", `/v3/grants/${grant.id}/messages/send`, message);

    dovecot.freeze();
    const [answers, ...errors] = await Promise.all([
      Promise.all([
        connect(emulator, { username: USER, password, ...tlsServers }),
        connect(emulator, { username: USER, password, ...starttls }),
        ask(emulator, "GET", `/v3/grants/${grant.id}/messages`),
        ask(emulator, "GET", `/v3/grants/${grant.id}/folders`),
        sending(),
      ]),
      ...[tlsServers, starttls].map(({ imap, smtp }) => {
        const servers = { imapHost: imap.host, imapPort: imap.port, smtpHost: smtp.host, smtpPort: smtp.port };
        const mailbox = { imapUsername: USER, imapPassword: password, ...servers };
        return preflight(mailbox, "enforce", here().notices).then(
          () => "passed",
          (error: unknown) => String(error),
        );
      }),
    ]);
    for (const answer of answers) expect(answer).toMatchObject(UNREACHABLE);
    for (const error of errors) expect(error).toMatch(/IMAP at [\d.:]+: timeout[,;].*SMTP at [\d.:]+: timeout,/s);
    expect(await emulator.grantOf(USER)).toMatchObject({ id: grant.id, grant_status: "valid" });

    dovecot.thaw();
    expect(await connect(emulator, { username: USER, password, ...tlsServers })).toMatchObject({ status: 201 });
    expect(await sending()).toMatchObject({ status: 200 });
    expect(await emulator.grantOf(USER)).toMatchObject({ id: grant.id, grant_status: "valid" });
  });
});
