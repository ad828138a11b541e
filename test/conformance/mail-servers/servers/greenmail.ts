import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../../dovecot/ports.js";
import { startProcess } from "../process.js";
import { HOST, type MailServer, NAME, ODD, RIGHT, situationsAt, WRONG } from "../server.js";

const VERSION = "2.1.8";
/** Where Maven keeps it. */
const JAR = join(
  homedir(),
  `.m2/repository/com/icegreen/greenmail-standalone/${VERSION}/greenmail-standalone-${VERSION}.jar`,
);
const INSTALL = `mvn dependency:get -Dartifact=com.icegreen:greenmail-standalone:${VERSION} -Dtransitive=false`;
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
    const server = await startProcess(
      "greenmail",
      () => ({ "server.pem": key + cert }),
      (directory) => {
        const store = join(directory, "store.p12");
        const pem = join(directory, "server.pem");
        spawnSync("openssl", ["pkcs12", "-export", "-in", pem, "-out", store, "-passout", `pass:${STORE_PASSWORD}`]);
        const options = {
          "greenmail.hostname": HOST,
          "greenmail.imaps.port": imaps,
          "greenmail.imaps.hostname": HOST,
          "greenmail.smtps.port": smtps,
          "greenmail.smtps.hostname": HOST,
          "greenmail.users": [`ops:${RIGHT}@example.test`, `odd:${SOME_ODD}@example.test`].join(","),
          "greenmail.users.login": "email",
          "greenmail.tls.keystore.file": store,
          "greenmail.tls.keystore.password": STORE_PASSWORD,
        };
        const given = Object.entries(options).map(([name, value]) => `-D${name}=${value}`);
        return ["java", "-XX:TieredStopAtLevel=1", ...given, "-jar", JAR];
      },
      [imaps, smtps],
    );
    const imap = situationsAt("IMAP", imaps);
    const smtp = situationsAt("SMTP", smtps);
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
      ...server,
    };
  },
};
