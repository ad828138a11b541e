import { type Command, textOf } from "./command-parser.js";
import type { Session } from "./session.js";

/** Wrong passwords before the connection is closed. */
const MAX_FAILURES = 3;
const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;

export function capabilities({ secure, user }: Session): string {
  const always = "IMAP4rev1 LITERAL+ ID NAMESPACE UNSELECT SPECIAL-USE";
  if (user !== undefined) return always;
  return secure ? `${always} SASL-IR AUTH=PLAIN` : `${always} STARTTLS LOGINDISABLED`;
}

export function capability(session: Session, command: Command): undefined {
  session.untagged(`CAPABILITY ${capabilities(session)}`);
  session.ok(command, "Done");
}

export function identify(session: Session, command: Command): undefined {
  session.untagged('ID ("name" "nylas-emulator")');
  session.ok(command, "Done");
}

export function noop(session: Session, command: Command): undefined {
  session.ok(command, "Done");
}

export function logout(session: Session, command: Command): undefined {
  session.selected = undefined;
  session.untagged("BYE Logging out");
  session.ok(command, "Done");
  session.end();
}

export function startTls(session: Session, command: Command): undefined {
  if (session.secure) return session.bad(command, "TLS is on already");
  session.ok(command, "Begin TLS");
  return session.startTls();
}

export function login(session: Session, command: Command): undefined {
  if (isBarred(session, command)) return undefined;
  const [username, password] = command.args.map(textOf);
  if (username === undefined || password === undefined || command.args.length !== 2) {
    return session.bad(command, "Expected a username and a password");
  }
  return decide(session, command, username, password);
}

/** RFC 4616 (PLAIN), with and without the initial response of RFC 4959. */
export function authenticate(session: Session, command: Command): undefined {
  if (isBarred(session, command)) return undefined;
  const [mechanism, initial] = command.args.map(textOf);
  if (mechanism?.toUpperCase() !== "PLAIN") return session.no(command, "[CANNOT] Only PLAIN");
  if (initial !== undefined) return plain(session, command, initial);
  return session.ask((line) => plain(session, command, line));
}

function plain(session: Session, command: Command, response: string): undefined {
  if (response === "*") return session.bad(command, "Cancelled");
  // Buffer.from skips invalid characters and would accept what other servers refuse.
  if (!BASE64.test(response)) return session.bad(command, "Not base64");
  const [, username, password, ...rest] = Buffer.from(response, "base64").toString("utf8").split("\0");
  if (!username || password === undefined || rest.length > 0) return session.bad(command, "Not a PLAIN response");
  return decide(session, command, username, password);
}

function isBarred(session: Session, command: Command): boolean {
  if (!session.secure) session.no(command, "[PRIVACYREQUIRED] Start TLS first");
  else if (session.user !== undefined) session.bad(command, "Logged in already");
  return !session.secure || session.user !== undefined;
}

function decide(session: Session, command: Command, username: string, password: string): undefined {
  if (session.mailboxes.accepts(username, password)) {
    session.user = username;
    return session.ok(command, `[CAPABILITY ${capabilities(session)}] Logged in`);
  }
  session.failures += 1;
  session.no(command, "[AUTHENTICATIONFAILED] Wrong username or password");
  if (session.failures >= MAX_FAILURES) {
    session.untagged("BYE Too many failures");
    session.end();
  }
  return undefined;
}
