import { expect } from "vitest";
import type { Scenario } from "./scenario.js";

/** What gateways and proxies send. */
const GATEWAY = { body: "<html><h1>no route</h1></html>" };

/** Grants and connectors that seem not to exist. */
export const absence: Scenario[] = [
  {
    name: "a gateway before Nylas answers 404 for every grant and connector",
    outcome:
      "refresh, `up` and destroy fail with `unexpected_response`, which names the gateway; the state and Nylas stay",
    rules: [2, 5, 11],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const says = ["(unexpected_response)", "answered HTTP 404", "a gateway or proxy, and not Nylas"];
      await emulator.faults({ path: "/v3/grants*", status: 404, ...GATEWAY });
      await world.fails(says, "refresh");
      await world.fails(says, "destroy");
      world.declare({ mailboxes: { ops: world.mailbox(0, { args: { credentialVersion: 2 } }) } });
      await world.fails(says, "up");
      await emulator.faults({ path: "/v3/connectors*", status: 404, ...GATEWAY });
      await world.fails(says, "refresh");
      expect(await emulator.writes()).toEqual([]);
      expect(world.ids()).toEqual(before);
      await emulator.faults();
      await stack.up();
      expect(world.ids()).toEqual(before);
      expect(await emulator.connectors()).toHaveLength(1);
    },
  },
  {
    name: "a gateway answers deletions with a page and status 200",
    outcome: "destroy fails with `unexpected_response`, and the next one deletes everything",
    rules: [5, 11],
    run: async (world) => {
      const { emulator, stack } = world;
      await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const says = ["(unexpected_response)"];
      for (const path of ["/v3/grants/*", "/v3/connectors/imap"]) {
        await emulator.faults({ method: "DELETE", path, status: 200, ...GATEWAY });
        await world.fails(says, "destroy");
      }
      expect(await emulator.grants()).toEqual([]);
      expect(await emulator.connectors()).toHaveLength(1);
      await emulator.faults();
      await stack.destroy();
      expect(await emulator.connectors()).toEqual([]);
    },
  },
  {
    name: "a gateway refuses a log-in with 400 or 403",
    outcome: "`unexpected_response` and not `invalid_credentials` or `permission_denied`; the next `up` goes through",
    rules: [5, 10, 11],
    run: async (world) => {
      const { emulator, stack } = world;
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      for (const status of [400, 403]) {
        await emulator.faults({ method: "POST", path: "/v3/connect/custom", status, ...GATEWAY });
        const { output } = await world.fails(["(unexpected_response)", `answered HTTP ${status}`], "up");
        expect(output).not.toMatch(/invalid_credentials|permission_denied/);
        expect(await world.authentications()).toBe(1);
        await emulator.forgetRequests();
      }
      await emulator.faults();
      await stack.up();
      expect(await emulator.grants()).toHaveLength(1);
    },
  },
];
