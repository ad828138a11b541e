import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../../dovecot/ports.js";
import { layerOf } from "../layers.mjs";
import { startProcess } from "../process.js";
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

const JARS = layerOf("james");
const VERSION = "3.8.1";
const PER_ADDRESS = 3;

const PASSWORDS_ALLOWED = "<auth><plainAuthEnabled>true</plainAuthEnabled></auth>";
const NO_PASSWORDS = "<auth><plainAuthEnabled>false</plainAuthEnabled></auth>";
const SMTP_COMMANDS =
  '<handlerchain><handler class="org.apache.james.smtpserver.CoreCmdHandlerLoader"/></handlerchain>';
/** Lets each user send in the name of any other: the emulator logs in with several names, and sends in that of one mailbox. */
const ANY_SENDER = "<verifyIdentity>false</verifyIdentity>";
const LOG_IN_OFFERED = "<auth><announce>always</announce></auth>";
/** Clients of these addresses may send without a log-in, as in the example that comes with James. */
const TRUSTS_THIS_HOST = `<auth><announce>forUnauthorizedAddresses</announce></auth>
<authorizedAddresses>${HOST}</authorizedAddresses>`;
const FEW_CONNECTIONS = `<connectionLimitPerIP>${PER_ADDRESS}</connectionLimitPerIP>`;

/** It keeps everything in memory. */
export const james: MailServer = {
  name: "James",
  missing: () => {
    if (spawnSync("java", ["-version"]).error !== undefined) return "needs java";
    return existsSync(JARS) ? undefined : "not installed: node test/conformance/mail-servers/install.mjs james";
  },
  start: async ({ cert, key }) => {
    const ports = await freePorts(HOST, 9);
    const [imaps = 0, imap = 0, fewImaps = 0, withoutImaps = 0, ...others] = ports;
    const [smtps = 0, submission = 0, fewSmtps = 0, withoutSmtps = 0, admin = 0] = others;
    const server = await startProcess(
      "james",
      () => ({
        "conf/server.crt": cert,
        "conf/server.key": key,
        "conf/imapserver.xml": `<imapservers>
${listener("imapserver", imaps, "socketTLS", PASSWORDS_ALLOWED)}
${listener("imapserver", imap, "startTLS", PASSWORDS_ALLOWED)}
${listener("imapserver", fewImaps, "socketTLS", PASSWORDS_ALLOWED + FEW_CONNECTIONS)}
${listener("imapserver", withoutImaps, "socketTLS", NO_PASSWORDS)}
</imapservers>`,
        "conf/smtpserver.xml": `<smtpservers>
${listener("smtpserver", smtps, "socketTLS", SMTP_COMMANDS + LOG_IN_OFFERED + ANY_SENDER)}
${listener("smtpserver", submission, "startTLS", SMTP_COMMANDS + LOG_IN_OFFERED + ANY_SENDER)}
${listener("smtpserver", fewSmtps, "socketTLS", SMTP_COMMANDS + LOG_IN_OFFERED + FEW_CONNECTIONS)}
${listener("smtpserver", withoutSmtps, "socketTLS", SMTP_COMMANDS + TRUSTS_THIS_HOST)}
</smtpservers>`,
        // James starts with no less.
        "conf/mailetcontainer.xml": `<mailetcontainer>
<context><postmaster>${OPS}</postmaster></context>
<spooler><threads>1</threads><errorRepository>memory://errors/</errorRepository></spooler>
<processors>
<processor state="root"><mailet match="All" class="ToProcessor"><processor>transport</processor></mailet></processor>
<processor state="error"><mailet match="All" class="Null"/></processor>
<processor state="transport">
<mailet match="All" class="RemoveMimeHeader"><name>bcc</name></mailet>
<mailet match="All" class="LocalDelivery"/>
</processor>
</processors>
</mailetcontainer>`,
        // Without it, names have no domain.
        "conf/usersrepository.xml":
          "<usersrepository><enableVirtualHosting>true</enableVirtualHosting></usersrepository>",
        "conf/webadmin.properties": `enabled=true\nhost=${HOST}\nport=${admin}\n`,
        "conf/jmap.properties": "enabled=false\n",
        "conf/jmx.properties": "jmx.enabled=false\n",
        "conf/logback.xml": `<configuration>
<appender name="out" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%level %msg%n</pattern></encoder></appender>
<root level="WARN"><appender-ref ref="out"/></root>
</configuration>`,
      }),
      (directory) => [
        "java",
        "-XX:TieredStopAtLevel=1",
        `-Dworking.directory=${directory}`,
        `-Dlogback.configurationFile=${join(directory, "conf/logback.xml")}`,
        "-cp",
        join(JARS, "*"),
        "org.apache.james.MemoryJamesServerMain",
      ],
      ports,
      // After SIGTERM it takes about twenty seconds.
      "SIGKILL",
    );
    try {
      await put(admin, "/domains/example.test");
      for (const user of [OPS, ODD, WITHOUT_INBOX]) {
        await put(admin, `/users/${user}`, { password: user === ODD ? ODD_PASSWORD : RIGHT });
      }
    } catch (error) {
      await server.stop();
      throw error;
    }
    const at = situationsAt("IMAP", imaps);
    const smtp = situationsAt("SMTP", smtps);
    return {
      version: `Apache James ${VERSION}`,
      situations: [
        ...logIns(at, imap),
        // James makes INBOX at a log-in that finds none.
        at("right password, no INBOX", { username: WITHOUT_INBOX, works: true }),
        at("no log-in offered", { port: withoutImaps }),
        at("right password, too many connections", {
          port: fewImaps,
          arrange: () => hold(fewImaps, PER_ADDRESS, []),
        }),
        ...logIns(smtp, submission),
        smtp("no log-in offered", { port: withoutSmtps }),
        smtp("right password, too many connections", {
          port: fewSmtps,
          arrange: () => hold(fewSmtps, PER_ADDRESS, []),
        }),
      ],
      ...server,
    };
  },
};

/** An element of `imapserver.xml` or `smtpserver.xml`. */
function listener(element: string, port: number, tls: "socketTLS" | "startTLS", settings: string): string {
  return `<${element} enabled="true">
<jmxName>${port}</jmxName>
<bind>${HOST}:${port}</bind>
<tls socketTLS="${tls === "socketTLS"}" startTLS="${tls === "startTLS"}">
<privateKey>file://conf/server.key</privateKey><certificates>file://conf/server.crt</certificates>
</tls>
${settings}
</${element}>`;
}

/** Makes something by James's administrative interface. */
async function put(port: number, path: string, body?: object): Promise<void> {
  const answer = await fetch(`http://${HOST}:${port}${path}`, {
    method: "PUT",
    body: body === undefined ? null : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`James answers PUT ${path} with ${answer.status}: ${await answer.text()}`);
}
