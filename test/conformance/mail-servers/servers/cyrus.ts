import { freePorts } from "../../dovecot/ports.js";
import { addSaslUser, Contained, missing } from "../contained.js";
import { versionIn } from "../layers.mjs";
import {
  HOST,
  hold,
  logIns,
  type MailServer,
  ODD,
  ODD_PASSWORD,
  OPS,
  RIGHT,
  situationsAt,
  WITHOUT_INBOX,
} from "../server.js";

const PER_USER = 3;

export const cyrus: MailServer = {
  name: "Cyrus",
  missing: () => missing("cyrus"),
  start: async ({ cert, key }) => {
    const [imaps = 0, imap = 0, limited = 0] = await freePorts(HOST, 3);
    const config = `
configdirectory: /srv/mail/lib
partition-default: /srv/mail/spool
defaultpartition: default
servername: localhost
virtdomains: userid
defaultdomain: other.test
unixhierarchysep: yes
admins: admin
allowplaintext: no
autocreate_quota: 0
autocreate_users: ${OPS} ${ODD}
tls_server_cert: /srv/mail/server.crt
tls_server_key: /srv/mail/server.key
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: /srv/mail/sasldb
sasl_mech_list: PLAIN LOGIN
sasl_auto_transition: no
`;
    const files = {
      "server.crt": cert,
      "server.key": key,
      "imapd.conf": config,
      "limited.conf": `${config}maxlogins_per_user: ${PER_USER}\n`,
      "cyrus.conf": `
START {
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C /srv/mail/imapd.conf -r"
}
SERVICES {
  imap cmd="/usr/lib/cyrus/bin/imapd -C /srv/mail/imapd.conf" listen="${HOST}:${imap}" prefork=0
  imaps cmd="/usr/lib/cyrus/bin/imapd -s -C /srv/mail/imapd.conf" listen="${HOST}:${imaps}" prefork=0
  limited cmd="/usr/lib/cyrus/bin/imapd -s -C /srv/mail/limited.conf" listen="${HOST}:${limited}" prefork=0
}
EVENTS {
}
`,
      passwords: [RIGHT, ODD_PASSWORD].join("\n"),
    };
    const commands = [
      addSaslUser(OPS, 1),
      addSaslUser(ODD, 2),
      addSaslUser(WITHOUT_INBOX, 1),
      "mkdir -p lib spool /run/cyrus",
      "chown -R cyrus /srv/mail /run/cyrus",
      "/usr/lib/cyrus/bin/makedirs /srv/mail/imapd.conf >makedirs.log 2>&1",
      "chown -R cyrus /srv/mail",
      "/usr/sbin/cyrmaster -C /srv/mail/imapd.conf -M /srv/mail/cyrus.conf -p /srv/mail/pid -d",
    ];
    const server = await Contained.start("cyrus", files, commands.join("\n"), [imaps, imap, limited]);
    const at = situationsAt("IMAP", imaps);
    return {
      version: `Cyrus IMAP ${versionIn("cyrus", "cyrus-imapd")}`,
      situations: [
        ...logIns(at, imap),
        at("right password, no INBOX", { username: WITHOUT_INBOX }),
        at("right password, too many connections", {
          port: limited,
          arrange: () => hold(limited, PER_USER, [`a LOGIN ${OPS} ${RIGHT}`]),
        }),
      ],
      log: () => server.log(),
      stop: () => server.stop(),
    };
  },
};
