import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { until } from "../../../../tools/harness/until.js";
import { freePorts } from "../../dovecot/ports.js";
import { layerOf } from "../layers.mjs";
import { startProcess } from "../process.js";
import {
  DISABLED,
  HOST,
  hold,
  holdPlain,
  logIns,
  type MailServer,
  ODD,
  ODD_PASSWORD,
  OPS,
  RIGHT,
  situationsAt,
  WITHOUT_INBOX,
  WRONG,
} from "../server.js";

const PROGRAM = join(layerOf("mox"), "mox");
const VERSION = "0.0.15";
const PER_ADDRESS = 30;
const START_MS = 30_000;

/** mox counts failed log-ins by the minute of the clock, and refuses the client's address until that minute ends. */
const MINUTE_MS = 60_000;
/** What is left of it for a situation to be judged in. */
const NEEDED_MS = 20_000;

/** As it serves a developer: `mox serve` needs a user of its own, and DNS. */
export const mox: MailServer = {
  name: "mox",
  missing: () =>
    existsSync(PROGRAM) ? undefined : "not installed: node test/conformance/mail-servers/install.mjs mox",
  start: async ({ cert, key }) => {
    const [imaps = 0, imap = 0, smtps = 0, submission = 0, delivery = 0] = await freePorts(HOST, 5);
    const server = await startProcess(
      "mox",
      () => ({
        "server.crt": cert,
        "server.key": key,
        // Where the account's directory would be.
        [`data/accounts/${accountOf(WITHOUT_INBOX)}`]: "",
        "mox.conf": `
DataDir: data
LogLevel: error
Hostname: localhost
User: ${userInfo().uid}
Listeners:
	local:
		IPs:
			- ${HOST}
		TLS:
			KeyCerts:
				-
					CertFile: server.crt
					KeyFile: server.key
		SMTP:
			Enabled: true
			Port: ${delivery}
		Submission:
			Enabled: true
			Port: ${submission}
		Submissions:
			Enabled: true
			Port: ${smtps}
		IMAP:
			Enabled: true
			Port: ${imap}
		IMAPS:
			Enabled: true
			Port: ${imaps}
Postmaster:
	Account: ${accountOf(OPS)}
	Mailbox: Inbox
`,
        "domains.conf": `
Domains:
	example.test: nil
Accounts:
${[account(OPS), account(ODD), account(DISABLED, ["LoginDisabled: Maintenance"]), account(WITHOUT_INBOX)].join("\n")}
`,
      }),
      (directory) => [PROGRAM, "localserve", "-dir", directory],
      [imaps, imap, smtps, submission],
    );
    try {
      await until("mox takes commands", START_MS, () => existsSync(join(server.directory, "data/ctl")));
      for (const user of [OPS, ODD, DISABLED]) {
        execFileSync(PROGRAM, ["-config", join(server.directory, "mox.conf"), "setaccountpassword", accountOf(user)], {
          input: `${user === ODD ? ODD_PASSWORD : RIGHT}\n`,
        });
      }
    } catch (error) {
      await server.stop();
      throw error;
    }
    const at = situationsAt("IMAP", imaps);
    const smtp = situationsAt("SMTP", smtps);
    const tooManyFailures = { arrange: () => failUntilRefused(smtps) };
    return {
      version: `mox ${VERSION}`,
      // Each log-in that works sets the count of failed ones back.
      situations: [
        ...logIns(at, imap),
        at("right password, name in capitals", { username: OPS.toUpperCase(), works: true }),
        at("right password, account disabled", { username: DISABLED }),
        at("right password, INBOX cannot be opened", { username: WITHOUT_INBOX }),
        at("right password, too many connections", { arrange: () => holdPlain(imap, PER_ADDRESS) }),
        smtp("right password", { works: true }),
        smtp("right password, STARTTLS", { port: submission, works: true }),
        smtp("wrong password", { password: WRONG }),
        smtp("unknown user", { username: "nobody@example.test" }),
        smtp("right password, account disabled", { username: DISABLED }),
        smtp("right password, too many connections", { arrange: () => holdPlain(submission, PER_ADDRESS) }),
        // The last ones, because nobody can log in afterwards.
        at("right password, too many failed log-ins", tooManyFailures),
        smtp("right password, too many failed log-ins", tooManyFailures),
      ],
      // The session's, such as `(pHNfvZ3OO6fJq7I5r3sfNg)`.
      varying: / \([\w-]{22}\)$/,
      ...server,
    };
  },
};

function accountOf(address: string): string {
  return address.replace(/@.*/, "");
}

function account(address: string, settings: readonly string[] = []): string {
  const lines = ["Domain: example.test", ...settings, "Destinations:", `\t${address}: nil`];
  return [`\t${accountOf(address)}:`, ...lines.map((line) => `\t\t${line}`)].join("\n");
}

/** Leaves enough of the minute for the situation. */
async function failUntilRefused(port: number): Promise<() => Promise<void>> {
  await until("enough of a minute is left", MINUTE_MS, () => Date.now() % MINUTE_MS < MINUTE_MS - NEEDED_MS);
  const wrong = Buffer.from(`\0${OPS}\0${WRONG}`).toString("base64");
  await until("mox refuses connections", MINUTE_MS, async () => {
    try {
      const close = await hold(port, 1, ["EHLO localhost", `AUTH PLAIN ${wrong}`]);
      await close();
      return false;
    } catch {
      return true;
    }
  });
  return async () => undefined;
}
