import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { World } from "../engine/world.js";
import { HOSTS, type Mailbox } from "../support/programs.js";

/** A short walk on the real engine, each step an edit and an `up`, to find differences from the engine model. */
const SEED = Number(process.env.WALK_SEED ?? 20_261_124);
const STEPS = 12;
const ADDRESSES = 4;

const step = fc.record({
  edit: fc.constantFrom("add", "remove", "rename", "alias", "rotate", "mistype", "host", "delete", "expire", "replace"),
  pick: fc.nat(ADDRESSES - 1),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A declared mailbox, and what must become of its grant. */
interface Declared {
  name: string;
  address: number;
  alias: string | undefined;
  host: string;
  password: string;
  grantId: string | undefined;
}

let world: World;
let declared: Declared[] = [];
let serial = 0;

function mailbox({ address, host, password, alias }: Declared): Mailbox {
  const opts = alias === undefined ? "{}" : `{ aliases: [{ name: ${JSON.stringify(alias)} }] }`;
  // With adoption, a rename without an alias keeps the grant.
  const args = { imapHost: host, onExisting: "adopt" };
  return { username: world.emulator.users[address]?.username ?? "", password, args, opts };
}

/** Applies the edit. Returns the flags of the next `up` and whether it must fail. */
async function edit({ edit: kind, pick }: Step): Promise<{ flags: string[]; fails: boolean }> {
  const one = declared[pick % Math.max(declared.length, 1)];
  serial += 1;
  if (kind === "add" || one === undefined) {
    const address = [0, 1, 2, 3].find((free) => !declared.some((other) => other.address === free));
    if (address === undefined) return { flags: [], fails: false };
    const password = `added "pass" ${serial}`;
    await world.emulator.setPassword(world.emulator.users[address]?.username ?? "", world.secret(password));
    const name = `m${serial}`;
    declared.push({ name, address, alias: undefined, host: "127.0.0.1", password, grantId: undefined });
    return { flags: [], fails: false };
  }
  one.alias = undefined;
  if (kind === "remove") declared = declared.filter((other) => other !== one);
  if (kind === "rename" || kind === "alias") {
    one.alias = kind === "alias" ? one.name : undefined;
    one.name = `m${serial}`;
  }
  if (kind === "host") one.host = one.host === "localhost" ? "127.0.0.1" : "localhost";
  if (kind === "rotate") {
    one.password = `rotated "pass" ${serial}`;
    await world.emulator.setPassword(mailbox(one).username, world.secret(one.password));
  }
  if (kind === "delete") {
    await world.deletedLongAgo(one.grantId);
    one.grantId = undefined;
    return { flags: ["--refresh"], fails: false };
  }
  if (kind === "expire") {
    await world.emulator.setStatus(String(one.grantId), "invalid");
    return { flags: ["--refresh"], fails: false };
  }
  if (kind === "replace") {
    const { adopted } = world.resource(one.name).outputs;
    // Deletion leaves an adopted grant, so it keeps its id.
    if (adopted !== true) one.grantId = undefined;
    return { flags: ["--replace", world.resource(one.name).urn], fails: false };
  }
  return { flags: [], fails: kind === "mistype" };
}

async function up(flags: string[], fails: boolean, change: (one: Declared) => Mailbox = mailbox): Promise<void> {
  world.declare({ mailboxes: Object.fromEntries(declared.map((one) => [one.name, change(one)])) });
  const finished = await world.stack.run("up", ...flags);
  expect(finished.code === 0, finished.output).toBe(!fails);
}

/** Expects one grant for each declared mailbox, with the same id unless the step asks for another grant. */
async function expectAsDeclared(): Promise<void> {
  const ids = world.ids();
  expect(Object.keys(ids).toSorted()).toEqual(declared.map(({ name }) => name).toSorted());
  for (const one of declared) {
    if (one.grantId !== undefined) expect(ids[one.name]).toBe(one.grantId);
    one.grantId = ids[one.name];
  }
  await world.check();
}

const sampled = fc.sample(fc.array(step, { minLength: STEPS, maxLength: STEPS }), { seed: SEED, numRuns: 1 })[0] ?? [];

describe.each(HOSTS)("the %s host", (host) => {
  beforeAll(async () => {
    const users = Array.from({ length: ADDRESSES }, (_, address) => ({
      username: `walker-${address}@example.test`,
      password: `first "pass" of ${address}`,
    }));
    world = await World.open({ users }, host);
    declared = [];
    serial = 0;
  });

  afterAll(() => world.close());

  it("begins with three mailboxes", async () => {
    for (const pick of [0, 1, 2]) await edit({ edit: "add", pick });
    await up([], false);
    await expectAsDeclared();
  });

  it.each(sampled.map((one, index) => ({ ...one, index })))("step $index: $edit #$pick", async (one) => {
    const { flags, fails } = await edit(one);
    if (fails) {
      const victim = declared[one.pick % declared.length];
      await up(flags, true, (other) =>
        other === victim ? { ...mailbox(other), password: "not the password" } : mailbox(other),
      );
    } else await up(flags, false);
    await expectAsDeclared();
  });

  it(`ends with nothing left to do (seed ${SEED})`, async () => {
    await up([], false);
    await expectAsDeclared();
    await world.unchanged();
  });
});
