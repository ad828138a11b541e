import { expect } from "vitest";
import { type Attack, isOrderly, speak } from "./attacks.js";
import { packets } from "./grammar.js";
import type { Target } from "./target-process.js";
import { Wire } from "./wire.js";

/** Each costs a turn through the system's sockets. */
const MOST_PACKETS = 200;
/** Responses with data of a mailbox. */
const OF_A_MAILBOX = /^\* (?:LIST|LSUB|STATUS|SEARCH|FLAGS|NAMESPACE|\d+ )/m;
/** All valid response lines, except literals' content. */
const LINE = /^(?:\* [A-Z0-9]|\+ |[!-~]+ (?:OK|NO|BAD) )/;
const LITERAL = /\{(\d+)\}\r\n/g;

/** Runs the attack. Fails if the server violates the protocol or reveals data. */
export async function run(target: Target, attack: Attack): Promise<void> {
  const { ready } = target;
  const { transport } = attack;
  const viaTls = transport === "tls" || transport === "tls-to-plain";
  const port = (transport === "tls" || transport === "plain-to-tls" ? ready.imap : ready.imapStarttls).port;
  const wire = viaTls ? Wire.tls(port, ready.ca) : Wire.plain(port, ready.ca);
  try {
    if (transport === "tls" || transport === "plain" || transport === "starttls") {
      await wire.has(/^\* OK .*\r\n/);
      await speakImap(wire, attack);
    } else {
      const { bytes } = speak(attack.steps, "T");
      for (const piece of packets(bytes, attack.packets, MOST_PACKETS))
        await Promise.race([wire.send(piece), wire.ended()]);
      wire.halfClose();
      // Client and server use different protocols; the server may send nothing but a TLS alert.
      if (transport === "tls-to-plain") await wire.ended();
      expect(wire.received, "to one who speaks TLS or does not, unasked").not.toMatch(/ OK .* OK /s);
    }
  } finally {
    wire.close();
  }
}

async function speakImap(wire: Wire, attack: Attack): Promise<void> {
  const { transport, steps, injected, leave } = attack;
  const before = transport === "starttls" ? await startTls(wire, injected) : undefined;
  if (before === "refused") return;

  const { bytes, tags } = speak(steps, "T");
  const logsOut = leave === "logout" && isOrderly(steps);
  const all = logsOut ? [...tags, "Tlast"] : tags;
  const stream = logsOut ? Buffer.concat([bytes, Buffer.from("Tlast LOGOUT\r\n")]) : bytes;
  for (const piece of packets(stream, attack.packets, MOST_PACKETS)) await wire.send(piece);
  if (leave === "reset") wire.reset();
  else if (leave === "close") wire.close();
  else if (!logsOut) wire.halfClose();
  await wire.ended();

  const { received } = wire;
  if (isOrderly(steps)) expectWhole(received, all, logsOut);
  else for (const tag of all) expect(answersTo(received, tag), `answers to ${tag}`).toBeLessThanOrEqual(1);
  // Bytes without a line end become part of the next command's tag.
  const beforeLogin = received.split(/^\S*T\d+ OK \[CAPABILITY [^\]]*\] Logged in\r\n/m, 1)[0] ?? "";
  expect(beforeLogin, "before login").not.toMatch(OF_A_MAILBOX);
  if (transport === "plain") expect(received, "without TLS").not.toContain("Logged in");
}

/** Commands sent in clear after STARTTLS must not be executed under TLS. */
async function startTls(wire: Wire, injected: Attack["injected"]): Promise<"upgraded" | "refused"> {
  const { bytes } = speak(injected, "I");
  await wire.send(Buffer.concat([Buffer.from("S STARTTLS\r\n"), bytes]));
  await wire.has(/^S OK .*\r\n/m);
  if (!(await wire.upgrade())) return "refused";
  await wire.send("P NOOP\r\n");
  await wire.has(/^P OK .*\r\n/m);
  expect(wire.received.split(/^S OK .*\r\n/m)[1], "behind STARTTLS").toMatch(/^P OK .*\r\n$/);
  return "upgraded";
}

/** Expects one answer for each command, in order, or a BYE. */
function expectWhole(received: string, tags: readonly string[], toTheEnd: boolean): void {
  const lines = withoutLiterals(received).split("\r\n");
  const rest = lines.pop();
  const answered = lines.flatMap((line) => /^(T\w+) (?:OK|NO|BAD) /.exec(line)?.[1] ?? []);
  expect(answered, received).toEqual(tags.slice(0, answered.length));
  if (!toTheEnd) return;
  expect(rest).toBe("");
  for (const line of lines) expect(line).toMatch(LINE);
  const bye = lines.some((line) => line.startsWith("* BYE "));
  expect(bye, `goodbye in ${received}`).toBe(true);
}

function answersTo(received: string, tag: string): number {
  return received.split("\r\n").filter((line) => line.startsWith(`${tag} `)).length;
}

function withoutLiterals(received: string): string {
  let text = "";
  let at = 0;
  for (const found of received.matchAll(LITERAL)) {
    if (found.index < at) continue;
    text += received.slice(at, found.index);
    at = found.index + found[0].length + Number(found[1]);
  }
  return text + received.slice(at);
}
