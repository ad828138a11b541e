import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { PERMISSIONS } from "../../emulator/src/permissions.js";
import { nylasImap } from "../support/nylas-imap.js";
import { World } from "./world.js";

const PAGE = join(import.meta.dirname, "../../docs/permissions.md");
const needed = [...readFileSync(PAGE, "utf8").matchAll(/^\| `([a-z]+\.[a-z]+)` \|/gm)].map(([, name]) => name);
const ROTATED = "rotated, and long enough";

it("the permissions of docs/permissions.md suffice for all that a stack and the command do", async ({
  onTestFinished,
}) => {
  expect(needed).not.toEqual([]);
  const deniedPermissions = PERMISSIONS.filter((permission) => !needed.includes(permission)).join(",");
  const world = await World.open({ behavior: { deniedPermissions } });
  onTestFinished(() => world.close());
  const { emulator, stack } = world;
  await world.given({ connector: { name: "first" }, mailboxes: { ops: world.mailbox(0), sales: world.mailbox(1) } });
  await emulator.setPassword(world.mailbox(0).username, ROTATED);
  const rotated = world.mailbox(0, { password: ROTATED });
  world.declare({ connector: { name: "second" }, mailboxes: { ops: rotated, sales: world.mailbox(1) } });
  await stack.up("--refresh");
  expect(await nylasImap(emulator.env, "doctor", "--verify")).toMatchObject({ code: 0 });
  await stack.destroy();
  expect(await emulator.grants()).toEqual([]);
  expect(await emulator.connectors()).toEqual([]);
  await world.check();
});
