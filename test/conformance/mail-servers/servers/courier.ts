import { freePorts } from "../../dovecot/ports.js";
import { Contained, missing } from "../contained.js";
import { versionIn } from "../layers.mjs";
import {
  DISABLED,
  HOST,
  holdPlain,
  logIns,
  type MailServer,
  ODD,
  ODD_PASSWORD,
  OPS,
  RIGHT,
  situationsAt,
  WITHOUT_INBOX,
} from "../server.js";

const PER_ADDRESS = 3;

/** With its own database of users, and couriertcpd in front. */
export const courier: MailServer = {
  name: "Courier",
  missing: () => missing("courier"),
  start: async ({ cert, key }) => {
    const [imaps = 0, imap = 0, limited = 0] = await freePorts(HOST, 3);
    const files = {
      "server.pem": key + cert,
      passwords: [RIGHT, ODD_PASSWORD].join("\n"),
      // As Debian's /usr/lib/courier/imapd and imapd-ssl start it, with three listeners.
      "imapd.sh": `
set -a
. /etc/courier/imapd
. /etc/courier/imapd-ssl
IMAP_STARTTLS=YES IMAP_TLS_REQUIRED=1 TLS_CERTFILE=/srv/mail/server.pem TLS_TRUSTCERTS= TLS_CACHEFILE=
set +a
listen() {
  port=$1 perip=$2
  shift 2
  couriertcpd -address=${HOST} -maxprocs=40 -maxperip=$perip $TCPDOPTS $port "$@" </dev/null >>log 2>&1 &
}
login="/usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir"
listen ${imap} 30 $login
listen ${limited} ${PER_ADDRESS} $login
export IMAP_TLS=1 IMAP_STARTTLS=NO IMAP_TLS_REQUIRED=0
listen ${imaps} 30 $COURIERTLS -server -tcpd -user=courier $login
`,
    };
    const add = (user: string, line: number, options = "") =>
      [
        `userdb "${user}" set uid=65534 gid=65534 home=/srv/mail/home/${user} mail=/srv/mail/home/${user}/Maildir${options}`,
        `sed -n ${line}p passwords | userdbpw -md5 | userdb "${user}" set systempw`,
      ].join("\n");
    const commands = [
      "mkdir -p /run/courier/authdaemon home",
      "sed -i 's/^authmodulelist=.*/authmodulelist=\"authuserdb\"/' /etc/courier/authdaemonrc",
      "touch /etc/courier/userdb",
      "chmod 600 /etc/courier/userdb",
      add(OPS, 1),
      add(ODD, 2),
      add(DISABLED, 1, " options=disableimap=1"),
      add(WITHOUT_INBOX, 1),
      "makeuserdb",
      `for user in ${OPS} ${ODD} ${DISABLED}; do mkdir -p home/$user; maildirmake home/$user/Maildir; done`,
      `mkdir -p home/${WITHOUT_INBOX}`,
      "chown -R 65534:65534 home",
      "authdaemond start",
      ". ./imapd.sh",
    ];
    const server = await Contained.start("courier", files, commands.join("\n"), [imaps, imap, limited]);
    const at = situationsAt("IMAP", imaps);
    return {
      version: `Courier IMAP ${versionIn("courier", "courier-imap")}`,
      situations: [
        ...logIns(at, imap),
        at("right password, account disabled", { username: DISABLED }),
        at("right password, no INBOX", { username: WITHOUT_INBOX }),
        at("right password, too many connections", {
          port: limited,
          arrange: () => holdPlain(limited, PER_ADDRESS),
        }),
      ],
      log: () => server.log(),
      stop: () => server.stop(),
    };
  },
};
