import { expect, it } from "vitest";
import { present } from "../../tools/harness/test-emulator.js";
import { AUTHENTICATE, World } from "../engine/world.js";

/** A world whose programs use the native host, with what must hold after every scenario. */
async function natively(run: (world: World) => Promise<void>): Promise<void> {
  const world = await World.open(undefined, "native");
  try {
    await run(world);
    await world.check();
  } finally {
    await world.close();
  }
}

it("a mailbox is created, kept, rotated in place, refreshed and destroyed", () =>
  natively(async (world) => {
    const { emulator, stack } = world;
    const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
    await world.unchanged();
    const { username } = world.mailbox(0);
    await emulator.setPassword(username, "another one");
    world.declare({
      mailboxes: { ops: world.mailbox(0, { password: "another one" }) },
      more: 'exports.downstream = grants.ops.grantId.apply((id) => "uses " + id);',
    });
    const preview = await stack.run("preview", "--json");
    expect(preview.code, preview.output).toBe(0);
    const { steps }: { steps: { op: string; urn: string; diffReasons?: string[] }[] } = JSON.parse(preview.stdout);
    expect(
      steps.filter(({ op }) => op !== "same").map(({ urn, diffReasons }) => [urn.split("::").at(-1), diffReasons]),
    ).toEqual([["ops", ["imapPassword"]]]);
    expect(await emulator.requests()).toEqual([]);
    await stack.up();
    expect(await emulator.writes()).toEqual([AUTHENTICATE]);
    expect(world.ids()).toEqual(before);
    await world.unchanged();
    await stack.refresh();
    expect(await emulator.writes()).toEqual([]);
    expect(world.ids()).toEqual(before);
    await stack.destroy();
    expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${present(before.ops)}`, "DELETE /v3/connectors/imap"]);
    expect(await emulator.grants()).toEqual([]);
  }));
