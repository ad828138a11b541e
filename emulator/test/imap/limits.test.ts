import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Certificates, makeCertificates } from "../../../emulator/src/mail-server/certificates.js";
import {
  COMMAND_LIMITS,
  CONNECTION_LIMITS,
  type ConnectionLimits,
} from "../../../emulator/src/mail-server/imap/limits.js";
import { startImapServer } from "../../../emulator/src/mail-server/imap/server.js";
import { MailboxStore } from "../../../emulator/src/mail-server/mailbox-store.js";
import type { RunningServer } from "../../../emulator/src/mail-server/smtp-server.js";
import { VICTIM } from "./target-process.js";
import { Wire } from "./wire.js";

/** Time for a log-in on a busy machine, in milliseconds. */
const LIMIT_MS = 800;
const LOGIN = `L LOGIN ${VICTIM.username} ${VICTIM.password}\r\n`;
const wires: Wire[] = [];
let certificates: Certificates;
let server: RunningServer;

async function start(mode: "implicit" | "starttls", limits: Partial<ConnectionLimits>): Promise<void> {
  const all = { ...CONNECTION_LIMITS, ...limits };
  server = await startImapServer({ host: "127.0.0.1", port: 0, mode }, certificates, new MailboxStore([VICTIM]), all);
}

function open(how: "plain" | "tls"): Wire {
  const wire = Wire[how](server.port, certificates.ca);
  wires.push(wire);
  return wire;
}

async function greeted(how: "plain" | "tls"): Promise<Wire> {
  const wire = open(how);
  await wire.has(/^\* OK .*\r\n/);
  return wire;
}

/** Keeps sending small packets until the connection ends. */
async function trickle(wire: Wire, text: string): Promise<void> {
  while (!wire.closed) {
    await wire.send(text);
    await Promise.race([wire.ended(), new Promise((resolve) => setTimeout(resolve, LIMIT_MS / 20))]);
  }
}

beforeAll(async () => {
  certificates = await makeCertificates(["127.0.0.1"]);
});

afterEach(async () => {
  for (const wire of wires.splice(0)) wire.close();
  await server.close();
});

describe("the IMAP server's limits", () => {
  it("end a connection that does not log in, however busy it is", async () => {
    await start("starttls", { loginMs: LIMIT_MS });
    const [slow, busy] = await Promise.all([greeted("plain"), greeted("plain")]);
    await Promise.all([trickle(slow, "x"), trickle(busy, "x NOOP\r\n")]);
    expect(slow.received).toMatch(/\* BYE Login took too long\r\n$/);
    expect(busy.received).toMatch(/x OK Done\r\n\* BYE Login took too long\r\n$/);
  });

  it("leave one that has logged in alone", async () => {
    await start("implicit", { loginMs: LIMIT_MS });
    const [inside, outside] = await Promise.all([greeted("tls"), greeted("tls")]);
    await inside.send(LOGIN);
    await inside.has(/^L OK /m);
    await outside.ended();
    await inside.send("x NOOP\r\n");
    await inside.has(/^x OK /m);
  });

  it.each(["tls", "plain"] as const)("end a %s connection that says nothing", async (how) => {
    await start(how === "tls" ? "implicit" : "starttls", { idleMs: LIMIT_MS });
    const wire = await greeted(how);
    await wire.ended();
    expect(wire.received).toMatch(/\* BYE Idle for too long\r\n$/);
  });

  it("end one that does not get through with TLS, first or after STARTTLS", async () => {
    await start("implicit", { handshakeMs: LIMIT_MS });
    await open("plain").ended();
    await server.close();
    await start("starttls", { handshakeMs: LIMIT_MS });
    const wire = await greeted("plain");
    // The server drops the TLS hello, because it arrives in the same packet as the command.
    await wire.send("S STARTTLS\r\n\u0016\u0003\u0001");
    await wire.ended();
    expect(wire.received).toMatch(/^S OK .*\r\n$/m);
  });

  it.each(["tls", "plain"] as const)("end a %s connection whose client does not close it after LOGOUT", async (how) => {
    await start(how === "tls" ? "implicit" : "starttls", { lingerMs: LIMIT_MS });
    const wire = await greeted(how);
    wire.stall();
    await wire.send("x LOGOUT\r\n");
    await trickle(wire, "x NOOP\r\n");
  });

  it("hold the connections to their number exactly", async () => {
    await start("starttls", { connections: 3 });
    const [first] = await Promise.all([greeted("plain"), greeted("plain"), greeted("plain")]);
    const fourth = open("plain");
    await fourth.ended();
    expect(fourth.received).toBe("");
    await first?.send("x LOGOUT\r\n");
    await first?.ended();
    await greeted("plain");
  });

  it("end a connection at the third wrong password, and at the tenth command without sense", async () => {
    await start("implicit", {});
    const guesser = await greeted("tls");
    await guesser.send(`x LOGIN ${VICTIM.username} wrong\r\n`.repeat(5));
    await guesser.ended();
    expect(guesser.received.match(/^x NO /gm)).toHaveLength(3);
    expect(guesser.received).toMatch(/\* BYE Too many failures\r\n$/);
    const babbler = await greeted("tls");
    await babbler.send("x nonsense\r\n".repeat(20));
    await babbler.ended();
    expect(babbler.received.match(/^x BAD /gm)).toHaveLength(10);
    expect(babbler.received).toMatch(/\* BYE Too many bad commands\r\n$/);
  });
});

describe("AUTHENTICATE PLAIN", () => {
  const plain = (text: string) => Buffer.from(text).toString("base64");
  const right = plain(`\0${VICTIM.username}\0${VICTIM.password}`);

  it.each([
    ["*", /^x BAD Cancelled\r\n/m],
    ["=", /^x BAD Not base64\r\n/m],
    ["", /^x BAD Not a PLAIN response\r\n/m],
    [`${right}!`, /^x BAD Not base64\r\n/m],
    [`!${right}`, /^x BAD Not base64\r\n/m],
    [plain("no NUL"), /^x BAD Not a PLAIN response\r\n/m],
    [plain(`\0${VICTIM.username}\0${VICTIM.password}\0`), /^x BAD Not a PLAIN response\r\n/m],
    [plain(`\0${VICTIM.username}\0wrong`), /^x NO \[AUTHENTICATIONFAILED\]/m],
    ["A".repeat(COMMAND_LIMITS.lineBytes + 1), /^\* BYE Line too long\r\n/m],
    [right, /^x OK .* Logged in\r\n/m],
  ])("answers %j once", async (response, answer) => {
    await start("implicit", {});
    const wire = await greeted("tls");
    await wire.send("x AUTHENTICATE PLAIN\r\n");
    await wire.has(/^\+ \r\n/m);
    await wire.send(`${response}\r\ny LOGOUT\r\n`);
    await wire.ended();
    expect(wire.received).toMatch(answer);
    expect(wire.received.match(/^x /gm) ?? []).toHaveLength(response.length > COMMAND_LIMITS.lineBytes ? 0 : 1);
  });
});
