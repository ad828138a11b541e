import { expect, it } from "vitest";
import { World } from "../engine/world.js";
import { GRANT_TYPES, type HostName } from "../support/programs.js";

const CONNECTOR_TYPES: Readonly<Record<HostName, string>> = {
  dynamic: "pulumi-nodejs:dynamic/nylas:ImapConnector",
  native: "nylas:index:ImapConnector",
};

const other: Readonly<Record<HostName, HostName>> = { dynamic: "native", native: "dynamic" };

/** The engine notes the last commit of the repository around the stack, whose message must not have these words. */
const CHANGED = "the password after its change";

/** A program of one host, with aliases of the other's types: a connector, a mailbox, and one in a component. */
function declare(world: World, host: HostName, password = world.mailbox(0).password): void {
  const grant = `type: ${JSON.stringify(GRANT_TYPES[other[host]])}`;
  const component =
    'new (class extends pulumi.ComponentResource { constructor() { super("my:index:Team", "team"); } })()';
  world.declare({
    host,
    before: `const team = ${component};`,
    connectorOpts: `{ aliases: [{ type: ${JSON.stringify(CONNECTOR_TYPES[other[host]])} }] }`,
    mailboxes: {
      ops: world.mailbox(0, { password, opts: `{ aliases: [{ ${grant} }] }` }),
      billing: world.mailbox(1, { opts: `{ parent: team, aliases: [{ ${grant} }] }` }),
    },
  });
}

it("a stack moves to the native host and back by aliases alone, with the same ids and without a write", async () => {
  const world = await World.open();
  try {
    const { emulator, stack } = world;
    declare(world, "dynamic");
    await stack.up();
    const before = world.ids();
    await emulator.forgetRequests();
    for (const host of ["native", "dynamic", "native"] as const) {
      declare(world, host);
      await stack.up();
      expect(world.managed().map(({ type }) => type)).toEqual([GRANT_TYPES[host], GRANT_TYPES[host]]);
      expect(world.ids()).toEqual(before);
      await stack.refresh();
      await stack.up("--expect-no-changes");
      expect(await emulator.writes()).toEqual([]);
    }
    await emulator.setPassword(world.mailbox(0).username, CHANGED);
    declare(world, "native", CHANGED);
    await stack.up();
    expect(world.ids()).toEqual(before);
    declare(world, "dynamic", CHANGED);
    await stack.up();
    await world.check();
    await emulator.forgetRequests();
    await stack.destroy();
    expect(await emulator.grants()).toEqual([]);
  } finally {
    await world.close();
  }
});
