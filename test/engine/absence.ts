import { expect } from "vitest";
import { until } from "../../tools/harness/until.js";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE, PATIENCE_MS, type World } from "./world.js";

/** Delay in which the test changes something, in milliseconds. */
const SLOW_MS = 5_000;
const LAG_SECONDS = 3_600;

const TEAM = ["ann", "ben", "cleo", "dora", "emil"].map((name) => ({
  username: `${name}@example.test`,
  password: `the password of ${name}`,
}));

/** What gateways and proxies send. */
const GATEWAY = { body: "<html><h1>no route</h1></html>" };

/** After a refused `up`, somebody else connects the mailbox, and Nylas does not show that grant yet. */
async function leavesTheGrantOfSomebodyElse(world: World): Promise<void> {
  const { emulator } = world;
  const foreign = await emulator.foreignGrant(0, "somebody else's");
  // Younger, it could not be told from one that the request has made.
  await emulator.putClockAhead(60);
  world.declare({ mailboxes: { ops: world.mailbox(0) } });
  await world.fails(["(grant_exists)", foreign.id], "up");
  await emulator.putClockAhead(LAG_SECONDS);
  await world.fails(["(connector_in_use)", foreign.id], "destroy");
  expect((await emulator.grants()).map(({ id }) => id)).toEqual([foreign.id]);
}

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
  {
    name: "Nylas does not show a new grant yet, neither in its list nor by its id",
    outcome:
      "a refresh keeps it and says so; an update and destroy say to run again, and delete and make nothing; once it is visible, all go through",
    rules: [2, 5, 11],
    emulator: { behavior: { newGrantLagSeconds: String(LAG_SECONDS) } },
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const refresh = await stack.refresh();
      expect(refresh.output).toContain("stays in the state");
      expect(world.ids()).toEqual(before);
      await world.unchanged();
      const says = ["(nylas_unavailable)", "may not be visible yet", "run again in a moment"];
      world.declare({ mailboxes: { ops: world.mailbox(0, { args: { credentialVersion: 2 } }) } });
      await world.fails(says, "up");
      await world.fails(says, "destroy");
      expect(await emulator.writes()).toEqual([]);
      await emulator.putClockAhead(LAG_SECONDS + 1);
      await stack.up();
      expect(world.ids()).toEqual(before);
      expect(world.resource("ops").outputs).toMatchObject({ adopted: false });
      await stack.destroy();
      expect(await emulator.allGrants()).toEqual([]);
    },
  },
  {
    name: "Nylas shows a grant that is seconds old, and knows none to delete",
    outcome: "destroy fails with `nylas_unavailable` and keeps it in the state; the next one deletes it",
    rules: [5, 11],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await emulator.faults({ method: "DELETE", path: "/v3/grants/*", status: 404 });
      const says = ["(nylas_unavailable)", "there is none to delete", "run again in a moment"];
      const { output } = await world.fails(says, "destroy");
      expect(output).toMatch(/request id: [0-9a-f-]{36}/);
      await world.fails(says, "destroy");
      // A 429 has had no effect.
      const remove = { method: "DELETE", path: "/v3/grants/*" };
      await emulator.faults({ ...remove, nth: 1, status: 429, retryAfter: 0 }, { ...remove, nth: 2, status: 404 });
      await world.fails(says, "destroy");
      expect(world.ids()).toEqual(before);
      await emulator.faults();
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
    },
  },
  {
    name: "Nylas answers 429 and then refuses a wrong password, and somebody else connects the mailbox before the next `up`",
    outcome: "`grant_exists`, although Nylas does not show the grant yet; it stays at destroy",
    rules: [4, 11],
    emulator: { behavior: { newGrantLagSeconds: "120" } },
    run: async (world) => {
      const { emulator } = world;
      await emulator.faults({ method: "POST", path: "/v3/connect/custom", nth: 1, status: 429, retryAfter: 0 });
      world.declare({ mailboxes: { ops: world.mailbox(0, { password: "mistyped" }) } });
      await world.fails(["(invalid_credentials)"], "up");
      await leavesTheGrantOfSomebodyElse(world);
    },
  },
  {
    name: "a mailbox's password is wrong, and somebody else connects the mailbox before the next `up`",
    outcome: "`grant_exists`, although Nylas does not show the grant yet; it stays at destroy",
    rules: [4, 11],
    emulator: { behavior: { newGrantLagSeconds: "120" } },
    run: async (world) => {
      const { emulator } = world;
      world.declare({ mailboxes: { ops: world.mailbox(0, { password: "mistyped" }) } });
      await world.fails(["(invalid_credentials)"], "up");
      await emulator.call("DELETE", "/v3/connectors/imap");
      world.declare({ connector: "imap", mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["(connector_missing)"], "up");
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      await leavesTheGrantOfSomebodyElse(world);
    },
  },
  {
    name: "the run is killed after a grant was made, and repeated while Nylas does not show the grant yet",
    outcome: "it is this stack's: authenticated again with the same id, not adopted",
    rules: [5, 11],
    emulator: { behavior: { newGrantLagSeconds: String(LAG_SECONDS) } },
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.faults({
        method: "POST",
        path: "/v3/connect/custom",
        nth: 1,
        delayMs: SLOW_MS,
        afterEffect: true,
      });
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.killWhen("the grant is made", async () => (await emulator.allGrants()).length === 1);
      expect(world.ids()).toEqual({});
      const [made] = await emulator.allGrants();
      await stack.up();
      expect(world.ids()).toEqual({ ops: made?.id });
      expect(world.resource("ops").outputs).toMatchObject({ adopted: false });
      await emulator.putClockAhead(LAG_SECONDS + 1);
    },
  },
  {
    name: "Nylas's list hides the addresses of grants, and somebody else's grant is among them",
    outcome: "`grant_exists` before anything is sent; the grant is asked for by its id, and can be adopted",
    rules: [4, 11],
    emulator: { behavior: { listedAddress: "null" } },
    run: async (world) => {
      const { emulator, stack } = world;
      world.declare({});
      await stack.up();
      const foreign = await emulator.foreignGrant(0, "made by hand");
      await emulator.forgetRequests();
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["(grant_exists)", foreign.id], "up");
      expect(await emulator.writes()).toEqual([]);
      world.declare({ mailboxes: { ops: world.mailbox(0, { args: { onExisting: "adopt" } }) } });
      await stack.up();
      expect(world.ids()).toEqual({ ops: foreign.id });
      await world.unchanged();
      await emulator.call("DELETE", `/v3/grants/${foreign.id}`);
      world.declare({});
      await stack.up();
    },
  },
  {
    name: "Nylas's pages are shorter than they say, and the connector of somebody else's grants is destroyed",
    outcome: "`connector_in_use` names all of them; refreshes and creations find theirs on any page",
    rules: [4, 11],
    emulator: { behavior: { grantsPerPage: "2" }, users: TEAM },
    run: async (world) => {
      const { emulator, stack } = world;
      world.declare({});
      await stack.up();
      for (const index of [0, 1, 2, 3]) await emulator.foreignGrant(index, "made by hand");
      world.declare({ mailboxes: { emil: world.mailbox(4) } });
      await stack.up();
      const { emil } = world.ids();
      expect((await stack.refresh()).output).not.toContain("deleted outside");
      expect(world.ids()).toEqual({ emil });
      world.declare({ mailboxes: { emil: world.mailbox(4), dora: world.mailbox(3) } });
      await world.fails(["(grant_exists)"], "up");
      await world.fails(["(connector_in_use)", "4 grants hang on it"], "destroy");
      expect(await emulator.connectors()).toHaveLength(1);
      expect(await emulator.allGrants()).toHaveLength(4);
    },
  },
  {
    name: "a grant is deleted while its mailbox is authenticated again, so that Nylas makes another one",
    outcome: "the error names both; `up --refresh` takes the new one, which counts as made by this stack",
    rules: [2, 5, 11],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await emulator.faults({ method: "POST", path: "/v3/connect/custom", nth: 1, delayMs: SLOW_MS });
      world.declare({ mailboxes: { ops: world.mailbox(0, { args: { credentialVersion: 2 } }) } });
      const { finished } = stack.start("up");
      await until("the mailbox is being authenticated", PATIENCE_MS, async () => {
        const [rule]: { matched: number }[] = await emulator.call("GET", "/_emulator/faults");
        return rule?.matched === 1;
      });
      await world.deletedLongAgo(before.ops);
      const { code, output } = await finished;
      expect(code).not.toBe(0);
      const [made] = await emulator.grants();
      for (const text of [
        "(unexpected_response)",
        `grant ${made?.id} instead of ${before.ops}`,
        "pulumi up --refresh",
      ]) {
        expect(output).toContain(text);
      }
      expect(world.ids()).toEqual(before);
      await emulator.faults();
      await emulator.forgetRequests();
      await stack.up("--refresh");
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual({ ops: made?.id });
      expect(world.resource("ops").outputs).toMatchObject({ adopted: false });
      await world.unchanged();
    },
  },
];
