import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../../../tools/harness/until.js";
import { freePorts } from "../../dovecot/ports.js";
import { listens } from "../contained.js";
import { HOST, type MailServer, NAME, ODD, OPS, RIGHT, type Situation, WRONG } from "../server.js";

const VERSION = "2.1.8";
/** Where Maven keeps it. */
const JAR = join(
  homedir(),
  `.m2/repository/com/icegreen/greenmail-standalone/${VERSION}/greenmail-standalone-${VERSION}.jar`,
);
const INSTALL = `mvn dependency:get -Dartifact=com.icegreen:greenmail-standalone:${VERSION} -Dtransitive=false`;
const START_MS = 60_000;
const STORE_PASSWORD = "changeit";
/** Its option for users separates them by these, so it takes no password of all odd characters. */
const SOME_ODD = 'p"w\\+%u/&=?#[x]{5}$';

export const greenmail: MailServer = {
  name: "GreenMail",
  missing: () => {
    if (spawnSync("java", ["-version"]).error !== undefined) return "needs java";
    return existsSync(JAR) ? undefined : `not installed: ${INSTALL}`;
  },
  start: async ({ cert, key }) => {
    const [imaps = 0, smtps = 0] = await freePorts(HOST, 2);
    const directory = mkdtempSync(join(tmpdir(), "greenmail-"));
    const at = (name: string) => join(directory, name);
    writeFileSync(at("server.pem"), key + cert);
    spawnSync("openssl", [
      "pkcs12",
      "-export",
      "-in",
      at("server.pem"),
      "-out",
      at("store.p12"),
      "-passout",
      `pass:${STORE_PASSWORD}`,
    ]);
    const options = {
      "greenmail.hostname": HOST,
      "greenmail.imaps.port": imaps,
      "greenmail.imaps.hostname": HOST,
      "greenmail.smtps.port": smtps,
      "greenmail.smtps.hostname": HOST,
      "greenmail.users": [`ops:${RIGHT}@example.test`, `odd:${SOME_ODD}@example.test`].join(","),
      "greenmail.users.login": "email",
      "greenmail.tls.keystore.file": at("store.p12"),
      "greenmail.tls.keystore.password": STORE_PASSWORD,
    };
    const given = Object.entries(options).map(([name, value]) => `-D${name}=${value}`);
    const java = spawn("java", ["-XX:TieredStopAtLevel=1", ...given, "-jar", JAR], { cwd: directory });
    let printed = "";
    for (const stream of [java.stdout, java.stderr]) stream.on("data", (chunk) => (printed += chunk));
    const ended = once(java, "close");
    for (const port of [imaps, smtps]) {
      await until(`GreenMail listens at ${port}: ${printed}`, START_MS, () => {
        if (java.exitCode !== null) throw new Error(`GreenMail does not start:\n${printed}`);
        return listens(port);
      });
    }
    const imap = (situation: string, rest: Partial<Situation> = {}): Situation => ({
      protocol: "IMAP",
      situation,
      port: imaps,
      ...rest,
    });
    const smtp = (situation: string, rest: Partial<Situation> = {}): Situation => ({
      ...imap(situation, { port: smtps, ...rest }),
      protocol: "SMTP",
    });
    return {
      version: `GreenMail ${VERSION}`,
      situations: [
        imap("right password", { works: true }),
        imap("password of odd characters", { username: ODD, password: SOME_ODD, works: true }),
        imap("name without domain", { username: NAME }),
        imap("wrong password", { password: WRONG }),
        imap("unknown user", { username: "nobody@example.test" }),
        smtp("right password", { works: true }),
        smtp("wrong password", { password: WRONG }),
      ],
      log: () => printed,
      stop: async () => {
        java.kill();
        await ended;
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },
};
