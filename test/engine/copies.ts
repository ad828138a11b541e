import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { until } from "../../tools/harness/until.js";
import { withOptions } from "../support/programs.js";
import type { Stack } from "../support/stack.js";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE, PATIENCE_MS, type World } from "./world.js";

/** Seconds before an attempt to read a mailbox is repeated. The fault is removed long before the last attempt. */
const SLOW_SECONDS = 20;
const UNREADABLE = { method: "GET", path: "*/messages", times: 4, status: 503, retryAfter: SLOW_SECONDS };
const UNCLEAR = ["to a stack of another name", "run `pulumi up` in"];

/** Two mailboxes, and another stack that has a copy of the state: `stack export`, other stack names, `stack import`. */
async function copied(world: World): Promise<{ old: Stack; copy: Stack; before: Record<string, string> }> {
  const old = await world.anotherStack("dev");
  const mailboxes = { ops: world.mailbox(0), sales: world.mailbox(1) };
  const before = await world.given({ mailboxes }, old);
  await copyState(old, "dev", world.stack, "first");
  world.declare({ mailboxes: { ops: reauthenticated(world, 0), sales: reauthenticated(world, 1) } });
  return { old, copy: world.stack, before };
}

/** A mailbox whose next `up` authenticates and then reads it, which the fault delays. A rename alone does not read it. */
function reauthenticated(world: World, index: number) {
  return world.mailbox(index, { args: { credentialVersion: 2 } });
}

async function copyState(from: Stack, fromName: string, to: Stack, toName: string): Promise<void> {
  const file = join(to.directory, "exported.json");
  expect(await from.run("stack", "export", "--file", file)).toMatchObject({ code: 0 });
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(`urn:pulumi:${fromName}::`, `urn:pulumi:${toName}::`));
  expect(await to.run("stack", "import", "--file", file)).toMatchObject({ code: 0 });
}

/** Whether every grant has a marker other than one of these. */
async function marked({ emulator }: World, before: readonly (string | undefined)[]): Promise<boolean> {
  return (await emulator.grants()).every(({ state }) => !before.includes(state));
}

async function markers({ emulator }: World): Promise<(string | undefined)[]> {
  return (await emulator.grants()).map(({ state }) => state);
}

async function grantIds({ emulator }: World): Promise<string[]> {
  return (await emulator.grants()).map(({ id }) => id).toSorted();
}

/** Expects the grants unchanged, managed by the copy, and gone with it. The old stack's destroy leaves them. */
async function goesOnAlone(world: World, old: Stack, before: Record<string, string>): Promise<void> {
  const { stack, emulator } = world;
  const destroy = await old.destroy();
  expect(destroy.output).toContain("another resource has adopted it");
  expect(world.resources(old)).toEqual([]);
  expect(await grantIds(world)).toEqual(Object.values(before).toSorted());
  expect(world.ids()).toEqual(before);
  await world.unchanged();
  await stack.destroy();
  expect(await emulator.grants()).toEqual([]);
  expect(await emulator.connectors()).toEqual([]);
}

const TAKE_OUT = "if it was moved to another stack (`pulumi state move`), take it out of this program";

/** Moves connector and grant with `pulumi state move` to a stack `moved` of the same backend. Returns that one's checkpoint. */
async function moved(world: World): Promise<string> {
  const { stack } = world;
  const blank = stack.checkpoint();
  const file = join(stack.backend, ".pulumi/stacks/lifecycle/moved.json");
  await world.given({ mailboxes: { ops: world.mailbox(0) } });
  writeFileSync(file, blank.replaceAll('/first"', '/moved"'));
  const urns = ["imap", "ops"].map((name) => world.resource(name).urn);
  const move = await stack.run("state", "move", "--source", "first", "--dest", "moved", "--yes", ...urns);
  expect(move.code, move.output).toBe(0);
  return readFileSync(file, "utf8");
}

/** States that were copied to another stack, and stacks that were renamed and cut off. */
export const copies: Scenario[] = [
  {
    name: "a state is copied to another stack, that one is brought up, and the old one is destroyed while it waits for a slow mailbox",
    outcome:
      "that destroy is refused with `grant_exists` and says what to wait for; afterwards it leaves grants and connector to the new stack",
    rules: [2, 4, 5],
    run: async (world) => {
      const { old, copy, before } = await copied(world);
      const dev = await markers(world);
      await world.emulator.faults(UNREADABLE);
      const up = copy.start("up");
      await until("both are marked", PATIENCE_MS, () => marked(world, dev));
      await world.failsIn(old, UNCLEAR, "destroy");
      expect(await grantIds(world)).toEqual(Object.values(before).toSorted());
      await world.emulator.faults();
      expect((await up.finished).code).toBe(0);
      await goesOnAlone(world, old, before);
    },
  },
  {
    name: "a state is copied to another stack, and that one's first `up` is killed",
    outcome:
      "the destroy of either is refused with `grant_exists` until `up` has gone on; then the old one's destroy leaves the grants",
    rules: [2, 4, 5],
    run: async (world) => {
      const { old, before } = await copied(world);
      const dev = await markers(world);
      await world.emulator.faults(UNREADABLE);
      await world.killWhen("both are marked", () => marked(world, dev));
      await world.emulator.faults();
      await world.failsIn(old, UNCLEAR, "destroy");
      await world.fails(UNCLEAR, "destroy");
      expect(await grantIds(world)).toEqual(Object.values(before).toSorted());
      await world.stack.up();
      await goesOnAlone(world, old, before);
    },
  },
  {
    name: "a state is copied to another stack, that one's first `up` is killed, and the new stack is given up",
    outcome:
      "with `onExisting: adopt`, `up --refresh` takes the grants back into the old stack, and its destroy deletes them",
    rules: [2, 4, 5],
    run: async (world) => {
      const { old, copy, before } = await copied(world);
      const dev = await markers(world);
      await world.emulator.faults(UNREADABLE);
      await world.killWhen("both are marked", () => marked(world, dev));
      await world.emulator.faults();
      await copy.run("state", "delete", "--all", "--yes");
      const args = { onExisting: "adopt" };
      const mailboxes = { ops: world.mailbox(0, { args }), sales: world.mailbox(1, { args }) };
      world.declare({ connector: args, mailboxes }, old);
      await old.up("--refresh");
      expect(world.ids(old)).toEqual(before);
      await old.destroy();
      expect(await world.emulator.grants()).toEqual([]);
    },
  },
  {
    name: "a state is copied to another stack, and the old stack changes a password after the new one was brought up",
    outcome: "`grant_exists`, and the connector is not renamed either; nothing changes",
    rules: [2, 4],
    run: async (world) => {
      const { old, copy, before: ids } = await copied(world);
      await copy.up();
      await world.emulator.forgetRequests();
      const mailboxes = { ops: world.mailbox(0, { password: "typed in the old stack" }), sales: world.mailbox(1) };
      world.declare({ mailboxes }, old);
      await world.failsIn(old, ["grant_exists", "has taken the grant since"], "up");
      world.declare({ connector: { name: "other" }, mailboxes }, old);
      await world.failsIn(old, ["connector_exists", "has taken the connector since"], "up");
      const before = withOptions("ImapConnector", 'replaceOnChanges: ["name"]');
      world.declare({ before, connector: { name: "other" }, mailboxes }, old);
      await world.failsIn(old, ["connector_exists"], "up");
      expect(await world.emulator.writes()).toEqual([]);
      await goesOnAlone(world, old, ids);
    },
  },
  {
    name: "a state is copied to another stack, and the old one is destroyed before the new one is brought up",
    outcome: "connector and grants go: they were the old stack's. The new stack makes its own after `up --refresh`",
    rules: [5],
    run: async (world) => {
      const { old, copy } = await copied(world);
      await old.destroy();
      expect(await world.emulator.grants()).toEqual([]);
      await world.makeGrantsOld();
      await world.fails(["up --refresh"], "up");
      await copy.up("--refresh");
      expect(await grantIds(world)).toEqual(Object.values(world.ids()).toSorted());
    },
  },
  {
    name: "a stack gets the name that a copy of its state had when it was brought up",
    outcome:
      "`up` is refused with `connector_exists` and `grant_exists`, although the markers bear the stack's own name",
    rules: [4],
    run: async (world) => {
      const { old, copy, before } = await copied(world);
      await copy.up();
      const marked = await world.emulator.grants();
      await world.renameStack(copy, "live");
      await world.renameStack(old, "first");
      await world.emulator.forgetRequests();
      await world.failsIn(old, ["connector_exists", "has taken the connector since"], "up");
      world.declare({ connector: "imap", mailboxes: { ops: world.mailbox(0), sales: world.mailbox(1) } }, old);
      await world.failsIn(old, ["grant_exists", "has taken the grant since"], "up");
      expect(await world.emulator.writes()).toEqual([]);
      await old.destroy();
      expect(await world.emulator.grants()).toEqual(marked);
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "a stack is renamed, its next `up` is killed, and it is destroyed",
    outcome: "the destroy is refused with `grant_exists` until `up` has gone on, same ids; then everything goes",
    rules: [2, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const old = await markers(world);
      await world.renameStack(stack, "renamed");
      world.declare({ mailboxes: { ops: reauthenticated(world, 0) } });
      await emulator.faults(UNREADABLE);
      await world.killWhen("it is marked", () => marked(world, old));
      await emulator.faults();
      await world.fails(UNCLEAR, "destroy");
      expect(world.ids()).toEqual(before);
      await emulator.forgetRequests();
      await stack.up();
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
      expect(await emulator.connectors()).toEqual([]);
    },
  },
  {
    name: "a stack is renamed, its next `up` is killed, and a mailbox is taken out of the program",
    outcome: "`up` deletes that grant, because the program tells the stack's name, and goes on with the other",
    rules: [2, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      const { sales = "" } = await world.given({ mailboxes: { ops: world.mailbox(0), sales: world.mailbox(1) } });
      const old = await markers(world);
      await world.renameStack(stack, "renamed");
      world.declare({ mailboxes: { ops: reauthenticated(world, 0), sales: reauthenticated(world, 1) } });
      await emulator.faults(UNREADABLE);
      await world.killWhen("both are marked", () => marked(world, old));
      await emulator.faults();
      world.declare({ mailboxes: { sales: reauthenticated(world, 1) } });
      await stack.up();
      expect(await grantIds(world)).toEqual([sales]);
      expect(world.ids()).toEqual({ sales });
    },
  },
  {
    name: "connector and grant are moved to another stack with `pulumi state move`, and the program of the first stays as it was",
    outcome:
      "`connector_exists` and `grant_exists` say first to take them out of the program, before and after the other stack is brought up, which keeps the ids",
    rules: [2, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      const checkpoint = await moved(world);
      const before = await emulator.grants();
      const mailboxes = { ops: world.mailbox(0) };
      const refused = async () => {
        world.declare({ mailboxes });
        await world.fails(["connector_exists", TAKE_OUT], "up");
        world.declare({ connector: "imap", mailboxes });
        await world.fails(["grant_exists", TAKE_OUT], "up");
      };
      await emulator.forgetRequests();
      await refused();
      expect(await emulator.writes()).toEqual([]);

      const other = await world.anotherStack("moved");
      other.restore(checkpoint);
      world.declare({ mailboxes }, other);
      await other.up();
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids(other)).toEqual({ ops: before[0]?.id });
      await refused();
      world.declare({ connector: "imap" });
      await stack.up();
      await other.up("--expect-no-changes");
    },
  },
];
