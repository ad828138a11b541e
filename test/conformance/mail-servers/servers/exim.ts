import { freePorts } from "../../dovecot/ports.js";
import { Contained, missing } from "../contained.js";
import { versionIn } from "../layers.mjs";
import {
  BUSY,
  HOST,
  holdPlain,
  type MailServer,
  ODD,
  ODD_PASSWORD,
  OPS,
  RIGHT,
  situationsAt,
  WRONG,
} from "../server.js";

const PER_HOST = 3;

export const exim: MailServer = {
  name: "Exim",
  missing: () => missing("exim"),
  start: async ({ cert, key }) => {
    const [smtps = 0, submission = 0, relay = 0] = await freePorts(HOST, 3);
    const users = [OPS, ODD].map((user) => `${user}: ${user === ODD ? ODD_PASSWORD : RIGHT}`);
    const files = {
      "server.crt": cert,
      "server.key": key,
      users: `${users.join("\n")}\n`,
      "exim.conf": configOf(smtps, submission, relay),
    };
    const commands = ["chown Debian-exim server.key", "exim4 -C /srv/mail/exim.conf -bd -q1h"].join("\n");
    const server = await Contained.start("exim", files, commands, [smtps, submission, relay]);
    const smtp = situationsAt("SMTP", smtps);
    return {
      version: `Exim ${versionIn("exim", "exim4-daemon-heavy")}`,
      situations: [
        smtp("right password", { works: true }),
        smtp("right password, STARTTLS", { port: submission, works: true }),
        smtp("password of odd characters", { username: ODD, password: ODD_PASSWORD, works: true }),
        smtp("wrong password", { password: WRONG }),
        smtp("unknown user", { username: "nobody@example.test" }),
        smtp("no log-in offered", { port: relay }),
        smtp("cannot check passwords now", { username: BUSY }),
        smtp("right password, too many connections", {
          port: submission,
          arrange: () => holdPlain(submission, PER_HOST),
        }),
      ],
      log: () => server.log(),
      stop: () => server.stop(),
    };
  },
};

function configOf(smtps: number, submission: number, relay: number): string {
  return `
primary_hostname = localhost
daemon_smtp_ports = ${smtps} : ${submission} : ${relay}
tls_on_connect_ports = ${smtps}
local_interfaces = ${HOST}
tls_advertise_hosts = *
tls_certificate = /srv/mail/server.crt
tls_privatekey = /srv/mail/server.key
auth_advertise_hosts = \${if or{{eq{$tls_in_cipher}{}}{eq{$received_port}{${relay}}}}{}{*}}
smtp_accept_max_per_host = ${PER_HOST}
acl_smtp_rcpt = accept
log_file_path = syslog
syslog_facility = mail
begin routers
discard:
  driver = redirect
  data = :blackhole:
begin authenticators
PLAIN:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if eq{$auth2}{${BUSY}}{\${lookup{x}lsearch{/srv/mail/none}}}{\${lookup{$auth2}lsearch{/srv/mail/users}{\${if eq{$auth3}{$value}}}{no}}}}
  server_set_id = $auth2
`;
}
