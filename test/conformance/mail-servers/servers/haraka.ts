import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../../dovecot/ports.js";
import { layerOf } from "../layers.mjs";
import { startProcess } from "../process.js";
import { HOST, type MailServer, OPS, RIGHT, situationsAt, WRONG } from "../server.js";

const PACKAGE = join(layerOf("haraka"), "node_modules/Haraka");

export const haraka: MailServer = {
  name: "Haraka",
  missing: () =>
    existsSync(PACKAGE) ? undefined : "not installed: node test/conformance/mail-servers/install.mjs haraka",
  start: async ({ cert, key }) => {
    const [smtps = 0, submission = 0] = await freePorts(HOST, 2);
    // The type of a package.json.
    const { version } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as { version: string };
    const server = await startProcess(
      "haraka",
      () => ({
        "config/smtp.ini": `listen=${HOST}:${smtps},${HOST}:${submission}\nsmtps_port=${smtps}\nnodes=0\n`,
        "config/plugins": "tls\nauth/flat_file\nqueue/discard\n",
        "config/tls.ini": "key=server.key\ncert=server.crt\n",
        "config/server.key": key,
        "config/server.crt": cert,
        "config/auth_flat_file.ini": `[core]\nmethods=PLAIN,LOGIN\n[users]\n${OPS}=${RIGHT}\n`,
        "config/me": "localhost\n",
        "config/connection.ini": readFileSync(join(PACKAGE, "config/connection.ini"), "utf8"),
      }),
      (directory) => [process.execPath, join(PACKAGE, "bin/haraka"), "-c", directory],
      [smtps, submission],
    );
    const smtp = situationsAt("SMTP", smtps);
    return {
      version: `Haraka ${version}`,
      situations: [
        smtp("right password", { works: true }),
        smtp("right password, STARTTLS", { port: submission, works: true }),
        smtp("wrong password", { password: WRONG }),
        smtp("unknown user", { username: "nobody@example.test" }),
      ],
      ...server,
    };
  },
};
