import { expect } from "vitest";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE } from "./world.js";

const ADOPT = { onExisting: "adopt" };
/** Long enough to be killed in, in milliseconds. */
const SLOW = 2_500;
const GROUP =
  'new (class extends pulumi.ComponentResource { constructor() { super("test:index:Group", "group"); } })()';

/** A mailbox under another name in the program. */
export const renames: Scenario[] = [
  {
    name: "a resource is renamed with an alias",
    outcome: "one authentication rewrites the marker; the id stays",
    rules: [2, 3],
    run: async (world) => {
      const { ops } = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      world.declare({ mailboxes: { mail: world.mailbox(0, { opts: '{ aliases: [{ name: "ops" }] }' }) } });
      await world.stack.up();
      expect(await world.emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual({ mail: ops });
      await world.unchanged();
      await world.stack.destroy();
      expect(await world.emulator.grants()).toEqual([]);
    },
  },
  {
    name: "a resource is renamed with an alias, and another one takes its old name and its mailbox",
    outcome: "`grant_exists` for the other one; the grant stays with the renamed resource",
    rules: [4, 5],
    run: async (world) => {
      const { ops } = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const mail = world.mailbox(0, { opts: '{ aliases: [{ name: "ops" }] }' });
      world.declare({ mailboxes: { mail } });
      await world.stack.up();
      world.declare({ mailboxes: { mail: world.mailbox(0), ops: world.mailbox(0) } });
      await world.fails(["grant_exists"], "up");
      expect(world.ids()).toEqual({ mail: ops });
    },
  },
  {
    name: "a resource is renamed without an alias",
    outcome: "`grant_exists`: nothing is made and nothing deleted",
    rules: [3, 4],
    run: async (world) => {
      const { ops } = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      world.declare({ mailboxes: { mail: world.mailbox(0) } });
      await world.fails(
        ["grant_exists", "another resource of this stack made or adopted it", "aliases: [{ name:"],
        "up",
      );
      expect(await world.emulator.writes()).toEqual([]);
      expect(world.ids()).toEqual({ ops });
      world.declare({ mailboxes: { mail: world.mailbox(0, { opts: '{ aliases: [{ name: "ops" }] }' }) } });
      await world.stack.up();
      expect(world.ids()).toEqual({ mail: ops });
    },
  },
  {
    name: "a resource is renamed without an alias, with `onExisting: adopt`",
    outcome:
      "the new name adopts the grant, and the old name's deletion leaves it; it goes at destroy, as one that this stack made",
    rules: [2, 3, 4],
    run: async (world) => {
      const { ops } = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      world.declare({ mailboxes: { mail: world.mailbox(0, { args: ADOPT }) } });
      const up = await world.stack.up();
      expect(up.output).toContain("another resource has adopted it");
      expect(await world.emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual({ mail: ops });
      await world.unchanged();
      await world.stack.destroy();
      expect(await world.emulator.grants()).toEqual([]);
    },
  },
  {
    name: "a resource is renamed without an alias, with `onExisting: adopt`, and Nylas does not return `state`",
    outcome: "the old name's deletion leaves the grant all the same",
    rules: [2, 3],
    emulator: { behaviour: { stateEcho: "omitted" } },
    run: async (world) => {
      const { ops } = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      world.declare({ mailboxes: { mail: world.mailbox(0, { args: ADOPT }) } });
      await world.stack.up();
      expect(world.ids()).toEqual({ mail: ops });
      expect(await world.emulator.grants()).toMatchObject([{ id: ops }]);
    },
  },
  {
    name: "the run is killed while it rewrites the marker of a renamed resource",
    outcome: "after `pulumi cancel`, `up` goes on with the same id, and so does `destroy`",
    rules: [2, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      const killedRename = async () => {
        const { ops } = await world.given({ mailboxes: { ops: world.mailbox(0) } });
        await emulator.faults({ method: "POST", path: "/v3/connect/custom", nth: 1, delayMs: SLOW, afterEffect: true });
        const [before] = await emulator.grants();
        world.declare({ mailboxes: { mail: world.mailbox(0, { opts: '{ aliases: [{ name: "ops" }] }' }) } });
        await world.killWhen(
          "the marker is rewritten",
          async () => (await emulator.grants())[0]?.state !== before?.state,
        );
        return ops;
      };
      const ops = await killedRename();
      await stack.up();
      expect(world.ids()).toEqual({ mail: ops });
      await world.unchanged();
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);

      await killedRename();
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
      expect(world.resources()).toEqual([]);
    },
  },
  {
    name: "a resource is moved under a component with an alias",
    outcome: "one authentication rewrites the marker; a later rotation keeps the id as well",
    rules: [2, 3],
    run: async (world) => {
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const opts = `{ parent: ${GROUP}, aliases: [{ parent: pulumi.rootStackResource }] }`;
      world.declare({ mailboxes: { ops: world.mailbox(0, { opts }) } });
      await world.stack.up();
      expect(await world.emulator.writes()).toEqual([AUTHENTICATE]);
      await world.unchanged();
      world.declare({ mailboxes: { ops: world.mailbox(0, { opts, args: { imapHost: "localhost" } }) } });
      await world.stack.up();
      expect(world.ids()).toEqual(before);
      expect(await world.emulator.writes()).toEqual([AUTHENTICATE]);
    },
  },
  {
    name: "a resource is moved under a component without an alias, with `onExisting: adopt`",
    outcome: "the moved resource adopts the grant, and the old one's deletion leaves it",
    rules: [2, 3],
    run: async (world) => {
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      world.declare({ mailboxes: { ops: world.mailbox(0, { args: ADOPT, opts: `{ parent: ${GROUP} }` }) } });
      await world.stack.up();
      expect(world.ids()).toEqual(before);
      expect(await world.emulator.writes()).toEqual([AUTHENTICATE]);
      await world.unchanged();
    },
  },
  {
    name: "the connector's resource is renamed without an alias",
    outcome: "`connector_exists`: nothing changes, and no grant is lost",
    rules: [3, 4],
    run: async (world) => {
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      world.declare({ connectorName: "renamed", mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["connector_exists"], "up");
      expect(await world.emulator.writes()).toEqual([]);
      expect(world.ids()).toEqual(before);
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.unchanged();
    },
  },
  {
    name: "the connector's resource is renamed without an alias, with `onExisting: adopt`",
    outcome: "the new name adopts it, the old name's deletion leaves it, and no grant is lost",
    rules: [2, 3],
    run: async (world) => {
      const { emulator } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      world.declare({ connector: ADOPT, connectorName: "renamed", mailboxes: { ops: world.mailbox(0) } });
      await world.stack.up();
      expect(await emulator.writes()).toEqual([]);
      expect(await emulator.connectors()).toHaveLength(1);
      expect(world.ids()).toEqual(before);
      await world.unchanged();
    },
  },
  {
    name: "the resource of a connector without grants is renamed without an alias, with `onExisting: adopt`",
    outcome: "the new name adopts it, and the old name's deletion leaves it; it goes at destroy",
    rules: [3, 4],
    run: async (world) => {
      await world.given({});
      world.declare({ connector: ADOPT, connectorName: "renamed" });
      await world.stack.up();
      expect(await world.emulator.connectors()).toHaveLength(1);
      expect(await world.emulator.writes()).toEqual([]);
      await world.stack.destroy();
      expect(await world.emulator.connectors()).toEqual([]);
    },
  },
];
