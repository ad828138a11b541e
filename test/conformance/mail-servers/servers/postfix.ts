import { freePorts } from "../../dovecot/ports.js";
import { addSaslUser, Contained, missing } from "../contained.js";
import { versionIn } from "../layers.mjs";
import { HOST, holdPlain, logIns, type MailServer, ODD, ODD_PASSWORD, OPS, RIGHT, situationsAt } from "../server.js";

const PER_CLIENT = 3;

/** With Cyrus SASL and its database of users. */
export const postfix: MailServer = {
  name: "Postfix",
  missing: () => missing("postfix"),
  start: async ({ cert, key }) => {
    const [smtps = 0, submission = 0, relay = 0, limited = 0] = await freePorts(HOST, 4);
    const files = {
      "server.pem": key + cert,
      "main.cf": `
compatibility_level = 3.6
myhostname = localhost
mynetworks =
inet_protocols = ipv4
queue_directory = /var/spool/postfix
maillog_file = /srv/mail/log
maillog_file_prefixes = /srv/mail
smtpd_tls_chain_files = /srv/mail/server.pem
smtpd_tls_security_level = encrypt
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = example.test
cyrus_sasl_config_path = /srv/mail/sasl
smtpd_client_connection_count_limit = ${PER_CLIENT}
smtpd_client_event_limit_exceptions =
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
default_transport = discard
local_transport = discard
`,
      "master.cf": `
${HOST}:${smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes
${HOST}:${submission} inet n - n - - smtpd -o smtpd_sasl_auth_enable=yes
${HOST}:${relay} inet n - n - - smtpd
${HOST}:${limited} inet n - n - - smtpd -o smtpd_sasl_auth_enable=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
discard unix - - n - - discard
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
`,
      "sasl/smtpd.conf":
        "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: /srv/mail/sasldb\nmech_list: PLAIN LOGIN\n",
      passwords: [RIGHT, ODD_PASSWORD].join("\n"),
    };
    const commands = [
      "echo localhost > /etc/hostname",
      addSaslUser(OPS, 1),
      addSaslUser(ODD, 2),
      "chown postfix /srv/mail/sasldb",
      "postfix -c /srv/mail start",
    ];
    const server = await Contained.start("postfix", files, commands.join("\n"), [smtps, submission, relay, limited]);
    const smtp = situationsAt("SMTP", smtps);
    return {
      version: `Postfix ${versionIn("postfix", "postfix")} with Cyrus SASL`,
      situations: [
        ...logIns(smtp, submission),
        smtp("no log-in offered", { port: relay }),
        smtp("right password, too many connections", { port: limited, arrange: () => holdPlain(limited, PER_CLIENT) }),
        smtp("cannot check passwords now", {
          port: submission,
          arrange: async () => {
            await server.run("mv sasldb sasldb.away; echo broken > sasldb");
            return () => server.run("mv sasldb.away sasldb");
          },
        }),
      ],
      log: () => server.log(),
      stop: () => server.stop(),
    };
  },
};
