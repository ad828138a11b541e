import { once } from "node:events";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import type { ServerCertificate } from "../conformance/dovecot/certificates.js";

/** A mail server at 127.0.0.1 with implicit TLS that says what a test wants to hear. */
export interface ScriptedServer {
  port: number;
  /** Log-in commands that have arrived. */
  logins(): number;
  close(): Promise<void>;
}

/** Lines of an IMAP server; `TAG` stands for the command's tag. An answer that ends in `CLOSE` ends the connection. */
export interface ImapScript {
  greeting?: string;
  capabilities?: string;
  login?: string;
  /** To each command after the log-in, instead of what a server with an empty INBOX answers. */
  afterLogin?: string;
  select?: string;
}

/** Lines of an SMTP server. */
export interface SmtpScript {
  greeting?: string;
  ehlo?: string;
  auth?: string;
}

const CLOSE = "CLOSE";

export function scriptedImap(certificate: ServerCertificate, script: ImapScript): Promise<ScriptedServer> {
  const capability = `* CAPABILITY IMAP4rev1 ${script.capabilities ?? "AUTH=PLAIN SASL-IR"}\r\nTAG OK done`;
  let pending: string | undefined;
  return serve(certificate, script.greeting ?? "* OK ready", (line, loggedIn) => {
    if (pending !== undefined) {
      const tag = pending;
      pending = undefined;
      return { answer: (script.login ?? "TAG OK done").replaceAll("TAG", tag), login: true };
    }
    const [tag = "*", command = ""] = line.split(" ");
    const answer = (text: string, login = false) => ({ answer: text.replaceAll("TAG", tag), login });
    if (/^CAPABILITY$/i.test(command)) return answer(capability);
    if (/^LOGIN$/i.test(command)) return answer(script.login ?? "TAG OK done", true);
    if (/^AUTHENTICATE$/i.test(command)) {
      pending = tag;
      return answer("+ ");
    }
    if (loggedIn && script.afterLogin !== undefined) return answer(script.afterLogin);
    if (/^(SELECT|EXAMINE)$/i.test(command)) {
      return answer(script.select ?? "* 0 EXISTS\r\n* OK [UIDVALIDITY 1]\r\nTAG OK [READ-ONLY] done");
    }
    if (/^LOGOUT$/i.test(command)) return answer(`* BYE bye\r\nTAG OK done\r\n${CLOSE}`);
    return answer("TAG OK done");
  });
}

export function scriptedSmtp(certificate: ServerCertificate, script: SmtpScript): Promise<ScriptedServer> {
  return serve(certificate, script.greeting ?? "220 ready", (line) => {
    if (/^EHLO/i.test(line)) return { answer: script.ehlo ?? "250-here\r\n250 AUTH PLAIN LOGIN", login: false };
    if (/^AUTH/i.test(line)) return { answer: script.auth ?? "235 2.7.0 welcome", login: true };
    if (/^QUIT/i.test(line)) return { answer: `221 bye\r\n${CLOSE}`, login: false };
    return { answer: "250 done", login: false };
  });
}

type Treat = (line: string, loggedIn: boolean) => { answer: string; login: boolean };

async function serve({ cert, key }: ServerCertificate, greeting: string, treat: Treat): Promise<ScriptedServer> {
  let logins = 0;
  const server = tls.createServer({ cert, key, maxVersion: "TLSv1.3" }, (socket) => {
    let read = "";
    let loggedIn = false;
    const say = (text: string) => {
      const ends = text.endsWith(CLOSE);
      const lines = ends ? text.slice(0, -CLOSE.length).trimEnd() : text;
      if (lines !== "") socket.write(`${lines}\r\n`);
      if (ends) socket.end();
    };
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      read += data.toString("latin1");
      const lines = read.split("\r\n");
      read = lines.pop() ?? "";
      for (const line of lines) {
        const { answer, login } = treat(line, loggedIn);
        if (login) {
          logins += 1;
          loggedIn = true;
        }
        say(answer);
      }
    });
    say(greeting);
  });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A TCP server's address is an AddressInfo once it listens.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    logins: () => logins,
    close: async () => {
      server.close();
      await once(server, "close");
    },
  };
}
