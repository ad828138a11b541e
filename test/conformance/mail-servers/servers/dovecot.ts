import { freePorts } from "../../dovecot/ports.js";
import { Contained, missing } from "../contained.js";
import { versionIn } from "../layers.mjs";
import {
  DISABLED,
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
  WRONG,
} from "../server.js";

const PER_USER = 3;

/** As Debian configures it; `test/conformance/dovecot` has what goes wrong with TLS and connections. */
export const dovecot: MailServer = {
  name: "Dovecot",
  missing: () => missing("dovecot"),
  start: async ({ cert, key }) => {
    const [imaps = 0, imap = 0, limited = 0, submissions = 0] = await freePorts(HOST, 4);
    const user = (name: string, password: string, extra = "") =>
      `${name}:{PLAIN.b64}${Buffer.from(password).toString("base64")}::::::${extra}`;
    const files = {
      "server.crt": cert,
      "server.key": key,
      users: `${[
        user(OPS, RIGHT),
        user(ODD, ODD_PASSWORD),
        user(DISABLED, RIGHT, "nologin=y reason=Maintenance"),
        user(WITHOUT_INBOX, RIGHT, "userdb_home=/proc/none"),
      ].join("\n")}\n`,
      "dovecot.conf": `
listen = ${HOST}
protocols = imap submission
log_path = /srv/mail/log
ssl = required
ssl_cert = </srv/mail/server.crt
ssl_key = </srv/mail/server.key
ssl_client_ca_file =
auth_mechanisms = plain login
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = /srv/mail/users
}
userdb {
  driver = prefetch
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/srv/mail/home/%u
}
userdb {
  driver = passwd-file
  args = /srv/mail/users
}
mail_location = maildir:~/Maildir
mail_max_userip_connections = ${PER_USER}
auth_failure_delay = 0
# Each refused log-in would make the next one slower.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  inet_listener imap {
    port = ${imap}
  }
  inet_listener imaps {
    port = ${imaps}
  }
  inet_listener limited {
    port = ${limited}
    ssl = yes
  }
}
service submission-login {
  inet_listener submission {
    port = 0
  }
  inet_listener submissions {
    port = ${submissions}
    ssl = yes
  }
}
submission_relay_host = ${HOST}
submission_relay_port = 9
hostname = localhost
`,
    };
    const commands = [
      "mkdir home",
      "chown nobody home",
      "touch log",
      "chmod 666 log",
      "dovecot -c /srv/mail/dovecot.conf",
    ];
    const server = await Contained.start("dovecot", files, commands.join("\n"), [imaps, imap, limited, submissions]);
    const at = situationsAt("IMAP", imaps);
    const smtp = situationsAt("SMTP", submissions);
    return {
      version: `Dovecot ${versionIn("dovecot", "dovecot-core")}`,
      situations: [
        ...logIns(at, imap),
        at("right password, account disabled", { username: DISABLED }),
        at("right password, INBOX cannot be opened", { username: WITHOUT_INBOX }),
        at("right password, too many connections", {
          arrange: () => hold(limited, PER_USER, [`a LOGIN ${OPS} ${RIGHT}`]),
        }),
        smtp("wrong password", { password: WRONG }),
        smtp("right password, account disabled", { username: DISABLED }),
      ],
      log: () => server.log(),
      stop: () => server.stop(),
    };
  },
};
