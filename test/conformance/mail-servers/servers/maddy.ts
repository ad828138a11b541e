import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../../dovecot/ports.js";
import { layerOf } from "../layers.mjs";
import { startProcess } from "../process.js";
import { HOST, logIns, type MailServer, ODD, ODD_PASSWORD, OPS, RIGHT, situationsAt, WRONG } from "../server.js";

const PROGRAM = join(layerOf("maddy"), "maddy");
const VERSION = "0.8.1";

export const maddy: MailServer = {
  name: "maddy",
  missing: () =>
    existsSync(PROGRAM) ? undefined : "not installed: node test/conformance/mail-servers/install.mjs maddy",
  start: async ({ cert, key }) => {
    const [imaps = 0, imap = 0, smtps = 0, submission = 0] = await freePorts(HOST, 4);
    const user = (name: string, password: string) =>
      `${name}: ${execFileSync(PROGRAM, ["hash", "--password", password], { encoding: "utf8" }).trim()}`;
    const server = await startProcess(
      "maddy",
      (directory) => ({
        "server.crt": cert,
        "server.key": key,
        users: `${[user(OPS, RIGHT), user(ODD, ODD_PASSWORD)].join("\n")}\n`,
        "maddy.conf": `
state_dir ${directory}/state
runtime_dir ${directory}/run
hostname localhost
tls file ${directory}/server.crt ${directory}/server.key
auth.pass_table users {
    table file ${directory}/users
}
storage.imapsql mailboxes {
    driver sqlite3
    dsn imapsql.db
}
submission tls://${HOST}:${smtps} tcp://${HOST}:${submission} {
    auth &users
    default_source {
        deliver_to &mailboxes
    }
}
imap tls://${HOST}:${imaps} tcp://${HOST}:${imap} {
    auth &users
    storage &mailboxes
}
`,
      }),
      (directory) => [PROGRAM, "--config", join(directory, "maddy.conf"), "run"],
      [imaps, imap, smtps, submission],
    );
    const at = situationsAt("IMAP", imaps);
    const smtp = situationsAt("SMTP", smtps);
    return {
      version: `maddy ${VERSION}`,
      situations: [
        ...logIns(at, imap),
        smtp("right password", { works: true }),
        smtp("right password, STARTTLS", { port: submission, works: true }),
        smtp("wrong password", { password: WRONG }),
      ],
      ...server,
    };
  },
};
