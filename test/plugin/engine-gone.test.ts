import { expect, it } from "vitest";
import { World } from "../engine/world.js";
import { HOSTS } from "../support/programs.js";

/** Longer than a provider without work takes to end. */
const ANSWER_DELAY_MS = 3_000;

it.each(HOSTS)(
  "the %s provider of a killed engine finishes its work and ends, and the next `up` takes that up",
  async (host) => {
    const world = await World.open(undefined, host);
    try {
      const { emulator, stack } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      world.declare({ connector: "imap", mailboxes: { ops: world.mailbox(0) } });
      await emulator.faults({
        method: "POST",
        path: "/v3/connect/custom",
        delayMs: ANSWER_DELAY_MS,
        afterEffect: true,
      });
      await world.killWhen("a mailbox is authenticated", async () => (await emulator.grants()).length === 1);
      await world.leftBehindEnd();
      // The provider has received the answer, and listed a message.
      expect(await world.sent("GET", /\/messages$/)).toBe(1);
      await emulator.faults();
      await stack.up();
      expect(Object.keys(world.ids())).toEqual(["ops"]);
      await world.unchanged();
      await world.check();
    } finally {
      await world.close();
    }
  },
);
