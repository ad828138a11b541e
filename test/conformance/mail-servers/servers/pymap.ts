import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../../dovecot/ports.js";
import { layerOf } from "../layers.mjs";
import { startProcess } from "../process.js";
import {
  DISABLED,
  HOST,
  type MailServer,
  NAME,
  ODD,
  ODD_PASSWORD,
  OPS,
  RIGHT,
  situationsAt,
  WITHOUT_INBOX,
  WRONG,
} from "../server.js";

const PROGRAM = join(layerOf("pymap"), "bin/pymap");
/** Also runs the program, whose first line names the directory in which it was installed before that was moved. */
const PYTHON = join(layerOf("pymap"), "bin/python");
const VERSION = "0.36.7";
/** Prints a hash of each argument, one a line. */
const HASHES = `
import sys
from pysasl.hashing import BuiltinHash
for password in sys.argv[1:]: print(BuiltinHash().hash(password))
`;

/** With Maildirs and its own files of users. It has STARTTLS, but no port for TLS from the start. */
export const pymap: MailServer = {
  name: "pymap",
  missing: () =>
    existsSync(PROGRAM) ? undefined : "not installed: node test/conformance/mail-servers/install.mjs pymap",
  start: async ({ cert, key }) => {
    const [imap = 0] = await freePorts(HOST, 1);
    const printed = execFileSync(PYTHON, ["-c", HASHES, RIGHT, ODD_PASSWORD], { encoding: "utf8" });
    const [right = "", odd = ""] = printed.trim().split("\n");
    const hashes = { [OPS]: right, [ODD]: odd, [DISABLED]: `!${right}`, [WITHOUT_INBOX]: right };
    const homeOf = (user: string) => (user === WITHOUT_INBOX ? "no-directory/home" : user);
    const users = Object.keys(hashes).map((user) => `${user}:x::::${homeOf(user)}:`);
    const passwords = Object.entries(hashes).map(([user, hash]) => `${user}:${hash.replaceAll(":", "\\:")}:::::::`);
    const server = await startProcess(
      "pymap",
      () => ({
        "server.crt": cert,
        "server.key": key,
        "mail/pymap-etc-passwd": `${users.join("\n")}\n`,
        "mail/pymap-etc-shadow": `${passwords.join("\n")}\n`,
      }),
      () => [
        PYTHON,
        PROGRAM,
        ...["--host", HOST, "--port", String(imap), "--cert", "server.crt", "--key", "server.key"],
        ...["maildir", "mail"],
      ],
      [imap],
    );
    const at = situationsAt("IMAP", imap);
    return {
      version: `pymap ${VERSION}`,
      situations: [
        at("right password, STARTTLS", { works: true }),
        at("password of odd characters", { username: ODD, password: ODD_PASSWORD, works: true }),
        at("name without domain", { username: NAME }),
        at("wrong password", { password: WRONG }),
        at("unknown user", { username: "nobody@example.test" }),
        at("right password, account disabled", { username: DISABLED }),
        at("right password, INBOX cannot be opened", { username: WITHOUT_INBOX }),
      ],
      ...server,
    };
  },
};
