import { performance } from "node:perf_hooks";
import * as fc from "fast-check";
import { createTransport } from "nodemailer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REPEATS } from "../../../tools/harness/repetitions.js";
import { run } from "./attack-run.js";
import { attack, sentPasswords } from "./attacks.js";
import { HEALTHY, type Seen, Target, VICTIM } from "./target-process.js";
import { traffic, Wire } from "./wire.js";

/** Seed of the default run. */
const FIXED_SEED = 20_261_123;
const FIXED_CASES = REPEATS ? 1_500 : 300;
/** Most simultaneous connections in one case. */
const TOGETHER = 4;
/** Cases before the first measurement, so that code is compiled and pools are filled. */
const WARM_UP_CASES = 100;
/**
 * Longest run, in milliseconds, with the search for the smallest failing case. On a machine that does other work, the cases alone take
 * more than a minute.
 */
const RUN_LIMIT_MS = 240_000;
const MEGABYTE = 1_048_576;
/** Allowed heap growth. A leaked connection takes at least 20 KB; code that V8 compiles takes a few hundred KB in all. */
const HEAP_GROWTH_BYTES = 4 * MEGABYTE;
/**
 * V8 and the allocator fill their pools during the first 20 000 connections, by some 80 to 130 MB, and then stay there: heap
 * and buffers tell a leak long before this does.
 */
const RSS_GROWTH_BYTES = 192 * MEGABYTE;

const seconds = Number(process.env.FUZZ_SECONDS ?? 0);
const cases = Number(process.env.FUZZ_CASES ?? FIXED_CASES);
const givenSeed = Number(process.env.FUZZ_SEED ?? FIXED_SEED);

let target: Target;
let atStart: Seen;
let ran = 0;
let reads = 0;
const rss: number[] = [];

/** The emulator's log and output, in which no secret may occur. */
async function shown(): Promise<string> {
  return target.printed + JSON.stringify(await target.call("/_emulator/requests"));
}

async function begin(): Promise<void> {
  target = await Target.start();
  const { smtp, ca } = target.ready;
  const auth = { user: VICTIM.username, pass: VICTIM.password };
  const transport = createTransport({ ...smtp, secure: true, auth, tls: { ca } });
  for (const { username } of [VICTIM, HEALTHY]) {
    for (const subject of ["first", "second"]) {
      await transport.sendMail({ from: VICTIM.username, to: username, subject, text: "text\r\n".repeat(1_000) });
    }
  }
  transport.close();
  atStart = await target.read(VICTIM);
  expect(atStart.messages).toHaveLength(2);
}

/** Restarts the server after a crash, so that the search for the smallest failing case can continue. */
async function alive(): Promise<void> {
  if (target.ended) await begin();
}

const fire = fc.asyncProperty(fc.array(attack, { minLength: 1, maxLength: TOGETHER }), async (attacks) => {
  await alive();
  try {
    await Promise.all(attacks.map((one) => run(target, one)));
  } catch (error) {
    throw target.ended ? new Error(`the server has ended:\n${target.printed}`) : error;
  }
  expect(target.ended, `the server has ended:\n${target.printed}`).toBe(false);
  expect(target.printed, "what the server printed").toBe("");
  ran += 1;
});

async function shoot(seed: number, numRuns: number): Promise<void> {
  await fc.assert(fire, { seed, numRuns, interruptAfterTimeLimit: RUN_LIMIT_MS, markInterruptAsFailure: true });
}

/** Reads a mailbox repeatedly while `work` runs. */
async function besideHealthyClient(work: () => Promise<void>): Promise<void> {
  let over = false;
  const reading = (async () => {
    while (!over) {
      expect((await target.read(HEALTHY)).messages).toHaveLength(2);
      reads += 1;
    }
  })();
  // The failure is awaited below. Without this handler, Node would treat an early failure as unhandled.
  reading.catch(() => undefined);
  try {
    await work();
  } finally {
    over = true;
  }
  await reading;
}

beforeAll(begin);

afterAll(async () => {
  await target.stop();
  const [a, b] = [rss[0] ?? 0, rss.at(-1) ?? 0].map((bytes) => Math.round(bytes / MEGABYTE));
  console.log(
    `imap under fire: ${ran} cases, ${traffic.connections} connections, ${traffic.bytes} bytes, seed ${givenSeed}, ` +
      `RSS ${a} → ${b} MB (${reads} healthy sessions beside them)`,
  );
});

describe("the embedded IMAP server under fire", () => {
  it(
    "goes on, keeps to the protocol, and grows by nothing",
    async () => {
      await shoot(givenSeed, WARM_UP_CASES);
      const before = await target.usageAtRest();
      rss.push(before.rssBytes);

      await besideHealthyClient(async () => {
        if (seconds === 0) return shoot(givenSeed + 1, cases);
        const until = performance.now() + seconds * 1_000;
        for (let seed = givenSeed + 1; performance.now() < until; seed++) await shoot(seed, WARM_UP_CASES);
      });

      const after = await target.usageAtRest();
      rss.push(after.rssBytes);
      expect(after.heapBytes - before.heapBytes, "heap").toBeLessThan(HEAP_GROWTH_BYTES);
      expect(after.externalBytes - before.externalBytes, "buffers").toBeLessThan(HEAP_GROWTH_BYTES);
      expect(after.rssBytes - before.rssBytes, "memory").toBeLessThan(RSS_GROWTH_BYTES);
      expect(reads).toBeGreaterThan(0);
      expect(await target.read(VICTIM), "the mailbox").toEqual(atStart);
    },
    600_000 + seconds * 1_000,
  );

  it("has shown none of the passwords", async () => {
    const text = await shown();
    expect(target.printed).toBe("");
    expect(sentPasswords.size).toBeGreaterThan(100);
    for (const password of sentPasswords) {
      const forms = [password, Buffer.from(password).toString("base64").replace(/=+$/, "")];
      for (const user of [VICTIM.username, ""]) forms.push(Buffer.from(`\0${user}\0${password}`).toString("base64"));
      expect(forms.filter((form) => text.includes(form))).toEqual([]);
    }
  });
});

describe("a client that takes and does not give way", () => {
  const CLIENTS = 20;
  /** Memory that one connection may use: its buffers, one received packet, and some thousand queued short answers. */
  const BYTES_PER_CLIENT = 2 * MEGABYTE;
  const login = `L LOGIN ${VICTIM.username} ${VICTIM.password}\r\n`;
  const line = (text: string, bytes: number) => text.repeat(Math.ceil(bytes / text.length));

  async function expectBounded(attackers: (wire: Wire) => Promise<void>): Promise<void> {
    const before = await target.usageAtRest();
    const wires = Array.from({ length: CLIENTS }, () => Wire.tls(target.ready.imap.port, target.ready.ca));
    try {
      await Promise.all(wires.map((wire) => wire.has(/^\* OK /)));
      await Promise.all(wires.map(attackers));
      // Wait until memory no longer grows: the server has then stopped reading. A healthy client is served meanwhile.
      let kept = 0;
      for (let last = -1; kept > 1.01 * last; ) {
        last = kept;
        for (let times = 0; times < 3; times++) expect((await target.read(HEALTHY)).messages).toHaveLength(2);
        const { externalBytes, heapBytes } = await target.usage();
        kept = Math.max(last, externalBytes + heapBytes - before.externalBytes - before.heapBytes);
      }
      expect(kept / CLIENTS, "bytes for one connection").toBeLessThan(BYTES_PER_CLIENT);
    } finally {
      for (const wire of wires) wire.close();
    }
    await target.usageAtRest();
  }

  it("gets no further answers while it does not read them, before login", async () => {
    await expectBounded(async (wire) => {
      wire.stall();
      wire.pour(line("x NOOP\r\n", 8 * MEGABYTE));
    });
  });

  it("gets no further messages while it does not read them", async () => {
    await expectBounded(async (wire) => {
      await wire.send(`${login}S SELECT INBOX\r\n`);
      await wire.has(/^S OK /m);
      wire.stall();
      wire.pour(line(`x FETCH 1:* (${"BODY[] ".repeat(100).trim()})\r\n`, MEGABYTE));
    });
  });

  it("can send as much as it likes after LOGOUT", async () => {
    await expectBounded(async (wire) => {
      wire.stall();
      await wire.send("x LOGOUT\r\n");
      wire.pour(line("x NOOP\r\n", 8 * MEGABYTE));
    });
  });

  it("can leave lines and literals unfinished", async () => {
    await expectBounded(async (wire) => {
      await wire.send(`x LOGIN${" {4096+}\r\n".padEnd(4_106, "x").repeat(7)} {4096+}\r\nabc`);
    });
  });

  it("leaves nothing behind", async () => {
    const AT_ONCE = 50;
    /** A leaked closed socket takes several times as much. */
    const BYTES_PER_CONNECTION = 1_024;
    const { imap, imapStarttls, ca } = target.ready;
    const visit = async (wire: Wire): Promise<void> => {
      await wire.has(/^\* OK .*\r\n/);
      await wire.send("x NOOP\r\ny LOGOUT\r\n");
      await wire.ended();
    };
    const visits = async (rounds: number): Promise<number> => {
      for (let round = 0; round < rounds; round++) {
        const wires = Array.from({ length: AT_ONCE }, (_, index) =>
          index % 2 === 0 ? Wire.plain(imapStarttls.port, ca) : Wire.tls(imap.port, ca),
        );
        await Promise.all(wires.map(visit));
      }
      return (await target.usageAtRest()).heapBytes;
    };
    const before = await visits(20);
    const after = await visits(20);
    expect((after - before) / (20 * AT_ONCE), "bytes of heap for one connection").toBeLessThan(BYTES_PER_CONNECTION);
  });

  it("can come in hundreds", async () => {
    const { imap, imapStarttls, ca } = target.ready;
    const before = traffic.connections;
    const crowd = Array.from({ length: 300 }, (_, index) =>
      index % 2 === 0 ? Wire.plain(imapStarttls.port, ca) : Wire.plain(imap.port, ca),
    );
    await Promise.all(crowd.filter((_, index) => index % 2 === 0).map((wire) => wire.has(/^\* OK /)));
    expect((await target.read(HEALTHY)).messages).toHaveLength(2);
    for (const [index, wire] of crowd.entries()) index % 3 === 0 ? wire.reset() : wire.close();
    await target.usageAtRest();
    expect(traffic.connections - before).toBe(300);
  });
});
