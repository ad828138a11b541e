import { freePorts } from "../../dovecot/ports.js";
import { Contained, missing } from "../contained.js";
import { versionIn } from "../layers.mjs";
import { HOST, type MailServer, OPS, RIGHT } from "../server.js";

/**
 * Debian 12's fails every TLS handshake, with RSA and ECDSA keys: its process that holds the key does not get along with
 * OpenSSL 3 ("missing private key" in its log). So there is nothing but that to see of it.
 */
export const opensmtpd: MailServer = {
  name: "OpenSMTPD",
  missing: () => missing("opensmtpd"),
  start: async ({ cert, key }) => {
    const [smtps = 0] = await freePorts(HOST, 1);
    const files = {
      "server.crt": cert,
      "server.key": key,
      password: RIGHT,
      "smtpd.conf": `
pki localhost cert "/srv/mail/server.crt"
pki localhost key "/srv/mail/server.key"
table users file:/srv/mail/users
listen on lo port ${smtps} smtps pki localhost auth <users>
action "drop" mda "cat >/dev/null" user nobody
match auth from any for any action "drop"
`,
    };
    const commands = [
      `printf '%s %s\\n' ${OPS} "$(openssl passwd -6 -stdin <password)" >users`,
      "chmod 600 server.key",
      "chown root:root /srv/mail /srv/mail/*",
      "smtpd -f /srv/mail/smtpd.conf >log 2>&1",
    ];
    const server = await Contained.start("opensmtpd", files, commands.join("\n"), [smtps]);
    return {
      version: `OpenSMTPD ${versionIn("opensmtpd", "opensmtpd")}`,
      situations: [{ protocol: "SMTP", situation: "right password", port: smtps }],
      log: () => server.log(),
      stop: () => server.stop(),
    };
  },
};
