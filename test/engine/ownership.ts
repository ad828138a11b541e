import { expect } from "vitest";
import { GRANT_TYPES, type ProgramOptions } from "../support/programs.js";
import type { Stack } from "../support/stack.js";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE, CONNECT, onAnotherMachine, type World } from "./world.js";

const ADOPT = { onExisting: "adopt" };
/** Delay during which another engine sends its first requests, in milliseconds. */
const OVERTAKEN = 10_000;
/** Delay during which the run is killed, in milliseconds. */
const SLOW = 2_500;

/**
 * Lets two stacks authenticate one mailbox at the same time, after neither has found a grant. Returns the stack whose marker
 * the grant has first.
 */
async function madeTwiceAtOnce(world: World): Promise<[Stack, Stack]> {
  const { emulator, stack } = world;
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  await emulator.forgetRequests();
  // Nylas performs the authentication that arrived first last.
  await emulator.faults({ method: "POST", path: "/v3/connect/custom", nth: 1, delayMs: OVERTAKEN });
  const second = await world.anotherStack();
  const program = { connector: "imap" as const, mailboxes: { ops: world.mailbox(0) } };
  for (const one of [stack, second]) world.declare(program, one);
  const finished = await Promise.all([stack.up(), second.up()]);
  expect(finished.map(({ code }) => code)).toEqual([0, 0]);
  expect(await world.authentications()).toBe(2);
  const [grant] = await emulator.grants();
  expect(world.ids(stack)).toEqual({ ops: grant?.id });
  expect(world.ids(second)).toEqual({ ops: grant?.id });
  const isMarked = (one: Stack) => world.resource("ops", one).outputs.marker === grant?.state;
  const inOrder = [stack, second].toSorted((a, b) => Number(isMarked(b)) - Number(isMarked(a)));
  expect(inOrder.map(isMarked)).toEqual([true, false]);
  const [winner = stack, loser = second] = inOrder;
  return [winner, loser];
}

/** A connector and a grant that does not depend on it: with `--continue-on-error`, both report their errors. */
function connectorAndGrant(world: World): ProgramOptions {
  const more = 'new ImapConnector("imap", {});';
  return { connector: "imap", mailboxes: { ops: world.mailbox(0) }, more };
}

/** Who owns a grant. */
export const ownership: Scenario[] = [
  {
    name: "a mailbox is declared",
    outcome: "connector and grant are made, the mailbox is read once; a second `up` sends no request",
    rules: [1],
    run: async (world) => {
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      const { emulator, stack } = world;
      await stack.up();
      expect(await emulator.writes()).toEqual([CONNECT, AUTHENTICATE]);
      expect(await world.sent("GET", /\/messages$/)).toBe(1);
      const [made] = await emulator.grants();
      expect(stack.outputs()).toEqual({ grantIds: { ops: made?.id } });
      expect(world.resource("ops")).toMatchObject({
        id: made?.id,
        type: GRANT_TYPES[world.host],
        outputs: {
          grantId: made?.id,
          email: world.mailbox(0).username,
          grantStatus: "valid",
          adopted: false,
          applicationId: emulator.emulator.applicationId,
          createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
          marker: expect.stringMatching(/^pulumi-nylas-imap:2:[0-9a-f]{32}:[0-9a-f]{32}:[0-9a-f]{16}:created$/),
        },
      });
      await world.unchanged();
    },
  },
  {
    name: "the mailbox has a grant that somebody else made",
    outcome: "`grant_exists` names the grant and the three ways on; nothing changes",
    rules: [4],
    run: async (world) => {
      const { emulator } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      const foreign = await emulator.foreignGrant(0, "somebody else's");
      await emulator.forgetRequests();
      world.declare({ connector: "imap", mailboxes: { ops: world.mailbox(0) } });
      const says = ["grant_exists", foreign.id, 'onExisting: "adopt"', world.tells.getGrant, "delete it"];
      await world.fails(says, "up");
      expect(await emulator.writes()).toEqual([]);
      expect(await emulator.grants()).toEqual([foreign]);
    },
  },
  {
    name: "an existing grant is adopted",
    outcome: "it keeps its id, and stays at destroy",
    rules: [2, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      const { id } = await emulator.foreignGrant(0, "somebody else's");
      expect(await world.given({ connector: "imap", mailboxes: { ops: world.mailbox(0, { args: ADOPT }) } })).toEqual({
        ops: id,
      });
      const destroy = await stack.destroy();
      expect(destroy.output).toContain("stays at Nylas");
      expect((await emulator.grants()).map((grant) => grant.id)).toEqual([id]);
      expect(await emulator.writes()).toEqual([]);
    },
  },
  {
    name: "an adopted grant is destroyed with `deleteAdopted: true`",
    outcome: "it is deleted; the flag alone sends no request",
    rules: [1, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      const { id } = await emulator.foreignGrant(0);
      const mailbox = (args: Record<string, unknown>) => ({
        connector: "imap" as const,
        mailboxes: { ops: world.mailbox(0, { args: { ...ADOPT, ...args } }) },
      });
      await world.given(mailbox({}));
      world.declare(mailbox({ deleteAdopted: true }));
      await stack.up();
      expect(await emulator.requests()).toEqual([]);
      await stack.destroy();
      expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${id}`]);
    },
  },
  {
    name: "an adopted grant is replaced by force",
    outcome: "it stays, and is adopted again with the same id",
    rules: [3, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      const { id } = await emulator.foreignGrant(0);
      await world.given({ connector: "imap", mailboxes: { ops: world.mailbox(0, { args: ADOPT }) } });
      await stack.up("--replace", world.resource("ops").urn);
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.resource("ops")).toMatchObject({ id, outputs: { adopted: true } });
    },
  },
  {
    name: "two resources of one program declare one address",
    outcome: "one creates the grant, and the other is refused with `grant_exists`; without the other, `up` succeeds",
    rules: [4, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      world.declare({ mailboxes: { ops: world.mailbox(0), again: world.mailbox(0) } });
      const says = ["grant_exists", "another resource of this program holds it", "next:       remove one of the two"];
      await world.fails(says, "up");
      expect(await world.authentications()).toBe(1);
      const [winner = "nobody"] = Object.keys(world.ids());
      expect(Object.keys(world.ids())).toHaveLength(1);
      world.declare({ mailboxes: { [winner]: world.mailbox(0) } });
      await stack.up();
      expect(Object.values(world.ids())).toEqual((await emulator.grants()).map(({ id }) => id));
    },
  },
  {
    name: "Nylas does not return a grant's `state`",
    outcome: "the stack's own grants work as before; a grant that it did not create is refused, and the error says why",
    rules: [2, 4],
    emulator: { behavior: { stateEcho: "omitted" } },
    run: async (world) => {
      const { emulator, stack } = world;
      const first = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await emulator.setPassword(world.mailbox(0).username, "a new pass word");
      world.declare({ mailboxes: { ops: world.mailbox(0, { password: "a new pass word" }) } });
      await stack.up();
      expect(world.ids()).toEqual(first);

      const second = await world.anotherStack();
      world.declare({ connector: "imap", mailboxes: { ops: world.mailbox(0) } }, second);
      await world.failsIn(second, ["grant_exists", "Nylas does not return the marker"], "up");
      expect(await emulator.grants()).toHaveLength(1);
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
    },
  },
  {
    name: "another stack has adopted a grant, and the first one is destroyed",
    outcome: "the grant stays with the stack that adopted it",
    rules: [3, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      const made = await world.given({ connector: "imap", mailboxes: { ops: world.mailbox(0) } });
      const second = await world.anotherStack();
      const adopted = await world.given(
        { connector: "imap", mailboxes: { ops: world.mailbox(0, { args: ADOPT }) } },
        second,
      );
      expect(adopted).toEqual(made);
      const destroy = await stack.destroy();
      expect(destroy.output).toContain("another resource has adopted it");
      expect(await emulator.writes()).toEqual([]);
      expect((await emulator.grants()).map(({ id }) => id)).toEqual(Object.values(world.ids(second)));
    },
  },
  {
    name: "another stack has adopted a grant, the first one changes the password, and the other one is destroyed first",
    outcome:
      "the change is refused with `grant_exists`; the grant stays with both, each one says so, and the connector's deletion names the grant",
    rules: [3, 4],
    run: async (world) => {
      const { emulator } = world;
      const { ops = "" } = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const second = await world.anotherStack();
      await world.given({ connector: "imap", mailboxes: { ops: world.mailbox(0, { args: ADOPT }) } }, second);
      const before = await emulator.grants();
      world.declare({ mailboxes: { ops: world.mailbox(0, { password: "changed by the first" }) } });
      await world.fails(["grant_exists", "has taken the grant since"], "up");
      expect(await emulator.grants()).toEqual(before);
      expect((await second.destroy()).output).toContain("was adopted and stays at Nylas");
      await world.fails(
        ["another resource has adopted it", "nothing manages the grant any more", "connector_in_use", ops],
        "destroy",
      );
      expect(await emulator.writes()).toEqual([]);
      expect(await emulator.grants()).toEqual(before);
    },
  },
  {
    name: 'another stack has adopted a grant whose first look failed, and the first one, with `onExisting: "adopt"`, looks again',
    outcome: "it takes the grant back with an authentication and its own marker, and the next `up` changes nothing",
    rules: [1, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      const program = { connector: "imap" as const, mailboxes: { ops: world.mailbox(0, { args: ADOPT }) } };
      await emulator.faults({ method: "GET", path: "*/messages", status: 503, retryAfter: 0 });
      world.declare(program);
      await world.fails(["nylas_unavailable"], "up");
      await emulator.faults();
      const second = await world.anotherStack();
      const { ops } = await world.given(program, second);
      await emulator.forgetRequests();
      await stack.up();
      expect(world.ids()).toEqual({ ops });
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      const [grant] = await emulator.grants();
      expect(world.resource("ops").outputs.marker).toBe(grant?.state);
      expect(world.resource("ops", second).outputs.marker).not.toBe(grant?.state);
      await emulator.forgetRequests();
      await stack.up();
      expect(await emulator.requests()).toEqual([]);
      expect((await second.destroy()).output).toContain("was adopted and stays at Nylas");
      expect(await emulator.requests()).toEqual([]);
    },
  },
  {
    name: "a stack is renamed and brought up, and another one gets its old name",
    outcome:
      "one authentication rewrites the marker; the other one is refused with `connector_exists` and `grant_exists`",
    rules: [2, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await world.renameStack(stack, "renamed");
      await stack.up();
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
      const renamed = await emulator.grants();

      const later = await world.anotherStack("first");
      world.declare(connectorAndGrant(world), later);
      const says = [
        "connector_exists",
        "grant_exists",
        "adopted by a stack whose digest is",
        "already; a stack whose digest is",
      ];
      await world.failsIn(later, says, "up", "--continue-on-error");
      expect(world.managed(later)).toEqual([]);
      expect(await emulator.grants()).toEqual(renamed);
    },
  },
  {
    name: "a stack is renamed, and another one gets its old name before the renamed one is brought up",
    outcome:
      "`grant_exists` says that a stack of this name may have been renamed; if it adopts the grant, the renamed one is refused with `grant_exists`, and its destroy leaves the grant",
    rules: [4],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      const before = await world.given({ connector: "imap", mailboxes: { ops: world.mailbox(0) } });
      await world.renameStack(stack, "renamed");
      const later = await world.anotherStack("first");
      world.declare(connectorAndGrant(world), later);
      const says = ["connector_exists", "grant_exists", "may have been renamed", 'onExisting: "adopt"'];
      await world.failsIn(later, says, "up", "--continue-on-error");
      expect(await emulator.writes()).toEqual([]);

      const adopting = { connector: "imap" as const, mailboxes: { ops: world.mailbox(0, { args: ADOPT }) } };
      expect(await world.given(adopting, later)).toEqual(before);
      await world.fails(["grant_exists", "has taken the grant since"], "up");
      const destroy = await stack.destroy();
      expect(destroy.output).toContain("another resource has adopted it");
      expect(await emulator.writes()).toEqual([]);
      expect((await emulator.grants()).map(({ id }) => id)).toEqual(Object.values(before));
    },
  },
  {
    name: "two stacks make one mailbox at the same time, and the one that came last goes on",
    outcome: "the other one is told at its next refresh, is refused with `grant_exists`, and deletes nothing",
    rules: [4, 5],
    run: async (world) => {
      const [winner, loser] = await madeTwiceAtOnce(world);
      const refresh = await loser.refresh();
      expect(refresh.output).toMatch(
        /is held by a stack whose digest is [0-9a-f]{8} \(`nylas-imap doctor --state` of a stack shows its own\)/,
      );
      await world.emulator.forgetRequests();
      await world.failsIn(loser, ["grant_exists", "both have created it at the same time"], "up");
      const destroy = await loser.destroy();
      expect(destroy.output).toContain("stays at Nylas");
      expect(await world.emulator.writes()).toEqual([]);
      await winner.up("--refresh", "--expect-no-changes");
    },
  },
  {
    name: "two stacks make one mailbox at the same time, and the one that came last is destroyed first",
    outcome: "the grant goes with it; the other one is refused a rotation before, and makes its own after a refresh",
    rules: [4, 5],
    run: async (world) => {
      const [winner, loser] = await madeTwiceAtOnce(world);
      await world.emulator.forgetRequests();
      const rotated = world.mailbox(0, { args: { credentialVersion: 2 } });
      world.declare({ connector: "imap", mailboxes: { ops: rotated } }, loser);
      await world.failsIn(loser, ["grant_exists", "both have created it at the same time"], "up");
      expect(await world.emulator.writes()).toEqual([]);
      await winner.destroy();
      expect(await world.emulator.grants()).toEqual([]);
      await world.makeGrantsOld();
      await loser.up("--refresh");
      expect(Object.values(world.ids(loser))).toEqual((await world.emulator.grants()).map(({ id }) => id));
    },
  },
  {
    name: "the run is killed after a grant was made, and repeated on another machine",
    outcome: "`grant_exists` says what to do; with `onExisting: adopt` the grant counts as made by this stack",
    rules: [4, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.faults({ method: "POST", path: "/v3/connect/custom", nth: 1, delayMs: SLOW, afterEffect: true });
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      world.declare({ connector: "imap", mailboxes: { ops: world.mailbox(0) } });
      await world.killWhen("the grant is made", async () => (await emulator.grants()).length === 1);
      const [made] = await emulator.grants();
      onAnotherMachine(stack);
      await world.fails(["grant_exists", "a run was killed on another machine", "for one `up`"], "up");
      world.declare({ connector: "imap", mailboxes: { ops: world.mailbox(0, { args: ADOPT }) } });
      await stack.up();
      expect(world.ids()).toEqual({ ops: made?.id });
      expect(world.resource("ops").outputs).toMatchObject({ adopted: false });
    },
  },
  {
    name: "a grant is only referred to with `ByoImapGrant.get`",
    outcome: "it is read and never written, not even at destroy; an id that does not exist is an error",
    rules: [4],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      const { id } = await emulator.foreignGrant(0);
      await emulator.forgetRequests();
      const reading = (grantId: string) =>
        world.declare({
          connector: "imap",
          more: `grants.read = ByoImapGrant.get("read", ${JSON.stringify(grantId)});`,
        });
      reading(id);
      await stack.up();
      expect(stack.outputs()).toEqual({ grantIds: { read: id } });
      await stack.destroy();
      reading("6e0f4a3e-0000-4000-8000-000000000000");
      await world.fails(["no such grant"], "up");
      expect(await emulator.writes()).toEqual([]);
      expect(await emulator.grants()).toHaveLength(1);
    },
  },
  {
    name: "a grant and the connector are only referred to, and were deleted outside",
    outcome: "a refresh drops them, and says that an `up` which only refers to them fails; it does, with `not_found`",
    rules: [4, 7],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      const { id } = await emulator.foreignGrant(0);
      const references = [
        `grants.read = ByoImapGrant.get("read", ${JSON.stringify(id)});`,
        'ImapConnector.get("mail", "imap");',
      ];
      await world.given({ connector: "imap", more: references.join("\n") });
      await world.deletedLongAgo(id);
      await emulator.call("DELETE", "/v3/connectors/imap");
      await emulator.forgetRequests();
      const { output } = await stack.refresh();
      const says =
        "was deleted outside of Pulumi; the next `up` makes another one if the program declares it, and fails if it only";
      expect(output).toContain(`grant ${id} of ${world.mailbox(0).username} ${says}`);
      expect(output).toContain(`the IMAP connector ${says}`);
      await world.fails(["not_found"], "up");
      expect(await emulator.writes()).toEqual([]);
    },
  },
  {
    name: "a mailbox with `retainOnDelete` is taken out of the program and declared again",
    outcome: "its grant stays, and is taken up again with `onExisting: adopt`, same id; without, `grant_exists`",
    rules: [2, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      const mailboxes = { ops: world.mailbox(0, { opts: "{ retainOnDelete: true }" }) };
      const before = await world.given({ mailboxes });
      world.declare({});
      await stack.up();
      expect(world.ids()).toEqual({});
      world.declare({ mailboxes });
      await world.fails(["grant_exists", "bears this resource's name"], "up");
      expect(await emulator.writes()).toEqual([]);
      world.declare({ mailboxes: { ops: world.mailbox(0, { args: ADOPT }) } });
      await stack.up();
      expect(world.ids()).toEqual(before);
      expect(world.resource("ops").outputs).toMatchObject({ adopted: false });
    },
  },
  {
    name: "an application that was set up by hand is adopted as a whole",
    outcome: "the connector and all grants keep their ids and settings; a second `up` sends nothing",
    rules: [1, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "by hand" });
      const foreign = [await emulator.foreignGrant(0), await emulator.foreignGrant(1)];
      const [ops, billing] = [world.mailbox(0, { args: ADOPT }), world.mailbox(1, { args: ADOPT })];
      const ids = await world.given({ connector: ADOPT, mailboxes: { ops, billing } });
      expect(Object.values(ids).toSorted()).toEqual(foreign.map(({ id }) => id).toSorted());
      await world.unchanged();
      await stack.destroy();
      expect(await emulator.grants()).toHaveLength(2);
      expect(await emulator.connectors()).toMatchObject([world.connectorNamed("by hand")]);
    },
  },
];
