import { expect } from "vitest";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE, CONNECT } from "./world.js";

const ADOPT = { onExisting: "adopt" };

/** Whose a grant is. */
export const ownership: Scenario[] = [
  {
    name: "a mailbox is declared",
    outcome: "connector and grant are made, the mailbox is read once; a second `up` sends no request",
    rules: [1],
    run: async (world) => {
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.stack.up();
      expect(await world.emulator.writes()).toEqual([CONNECT, AUTHENTICATE]);
      expect(await world.sent("GET", /\/messages$/)).toBe(1);
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
      const says = ["grant_exists", foreign.id, 'onExisting: "adopt"', "ByoImapGrant.get", "delete it"];
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
      await world.unchanged();
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
    outcome: "one gets it, the other is refused with `grant_exists`; without the loser all is well",
    rules: [4, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      world.declare({ mailboxes: { ops: world.mailbox(0), again: world.mailbox(0) } });
      await world.fails(["grant_exists", "another resource of this program holds it"], "up");
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
    outcome: "own grants work as ever; one that is found is refused, and the error says why",
    rules: [2, 4],
    emulator: { behaviour: { stateEcho: "omitted" } },
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
      await world.unchanged(second);
    },
  },
  {
    name: "another stack has adopted a grant, and the first one changes the password",
    outcome: "the first one is refused with `grant_exists`; the grant goes on as it is",
    rules: [4],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      await world.given({ connector: "imap", mailboxes: { ops: world.mailbox(0) } });
      const second = await world.anotherStack();
      await world.given({ connector: "imap", mailboxes: { ops: world.mailbox(0, { args: ADOPT }) } }, second);
      const before = await emulator.grants();
      world.declare({ connector: "imap", mailboxes: { ops: world.mailbox(0, { password: "changed by the first" }) } });
      await world.fails(["grant_exists", "has adopted the grant since"], "up");
      expect(await emulator.writes()).toEqual([]);
      expect(await emulator.grants()).toEqual(before);
      await stack.destroy();
    },
  },
  {
    name: "a grant is only referred to with `ByoImapGrant.get`",
    outcome: "it is read; no write is ever sent, at destroy neither",
    rules: [1, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      const { id } = await emulator.foreignGrant(0);
      await emulator.forgetRequests();
      world.declare({ connector: "imap", more: `grants.read = ByoImapGrant.get("read", ${JSON.stringify(id)});` });
      await stack.up();
      await stack.up("--expect-no-changes");
      await stack.destroy();
      expect(await emulator.writes()).toEqual([]);
      expect(await emulator.grants()).toHaveLength(1);
    },
  },
  {
    name: "a protected mailbox is taken out of the program",
    outcome: "Pulumi refuses; the grant and its id stay",
    rules: [2],
    run: async (world) => {
      const { emulator } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0, { opts: "{ protect: true }" }) } });
      world.declare({});
      await world.fails(["protect"], "up");
      expect(await emulator.writes()).toEqual([]);
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "a mailbox with `retainOnDelete` is taken out of the program and declared again",
    outcome: "its grant stays meanwhile, and is taken up again with its id",
    rules: [2, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      const mailboxes = { ops: world.mailbox(0, { opts: "{ retainOnDelete: true }" }) };
      const before = await world.given({ mailboxes });
      world.declare({});
      await stack.up();
      expect(world.ids()).toEqual({});
      expect(await emulator.writes()).toEqual([]);
      world.declare({ mailboxes });
      await stack.up();
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "an application that was set up by hand is adopted as a whole",
    outcome: "the connector and every grant keep what they are; a second `up` sends nothing",
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
