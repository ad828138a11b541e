import { expect } from "vitest";
import { until } from "../../tools/harness/until.js";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE, CONNECT, PATIENCE_MS, type World } from "./world.js";

const POST_GRANT = { method: "POST", path: "/v3/connect/custom" };
const POST_CONNECTOR = { method: "POST", path: "/v3/connectors" };
const PROBE = { method: "GET", path: "*/messages" };
/** Most attempts of one request. */
const ALL_ATTEMPTS = 5;
/** Delay during which the run is killed, in milliseconds. Short, because some tests wait for its end. */
const SLOW = 2_500;

const USERS = ["ann", "ben", "cleo", "dora", "emil"].map((name) => ({
  username: `${name}@example.test`,
  password: `the password of ${name}`,
}));

/** Creates these mailboxes in one run although some requests fail. */
async function madeOnceDespite(world: World, faults: Record<string, unknown>[], names = ["ops"]): Promise<void> {
  const { emulator, stack } = world;
  await emulator.faults(...faults);
  world.declare({ mailboxes: Object.fromEntries(names.map((name, index) => [name, world.mailbox(index)])) });
  await stack.up();
  await managedOnce(world, ...names);
}

/** Makes the grant of a mailbox `ops` in a run that cannot read it. Returns the grants' ids by resource name. */
async function madeUnread(world: World): Promise<Record<string, string>> {
  await world.emulator.faults({ ...PROBE, times: ALL_ATTEMPTS, status: 503, retryAfter: 0 });
  world.declare({ mailboxes: { ops: world.mailbox(0) } });
  await world.fails(["nylas_unavailable", "exists and is kept"], "up");
  return world.ids();
}

/** Expects exactly these resources to manage one grant each, and no other grant to exist. */
async function managedOnce(world: World, ...names: string[]): Promise<void> {
  expect(Object.keys(world.ids()).toSorted()).toEqual(names.toSorted());
  const grants = (await world.emulator.grants()).map(({ id }) => id);
  expect(Object.values(world.ids()).toSorted()).toEqual(grants.toSorted());
  expect(world.managed().map(({ outputs }) => outputs.adopted)).toEqual(names.map(() => false));
  expect(await world.emulator.connectors()).toHaveLength(1);
}

/** The command of a nightly drift job: it refreshes with the program's configuration and saves nothing. */
async function previewWithRefresh({ stack }: World): Promise<void> {
  const preview = await stack.run("preview", "--refresh", "--run-program");
  expect(preview.code, preview.output).toBe(0);
}

/** Interrupted runs and lost responses. */
export const halfMade: Scenario[] = [
  {
    name: "the answer of an authentication is lost although it took effect",
    outcome: "it is sent again: one grant, managed once",
    rules: [5, 10],
    run: async (world) => {
      await madeOnceDespite(world, [{ ...POST_GRANT, nth: 1, reset: true, afterEffect: true }]);
    },
  },
  {
    name: "the answer of an authentication breaks off or is a 503 although it took effect, or its connection is reset before",
    outcome: "it is sent again: one grant, managed once",
    rules: [5, 10],
    run: async (world) => {
      const faults = [
        { ...POST_GRANT, nth: 1, truncate: true, afterEffect: true },
        { ...POST_GRANT, nth: 2, status: 503, retryAfter: 0, afterEffect: true },
        { ...POST_GRANT, nth: 3, reset: true },
        { ...POST_CONNECTOR, nth: 1, status: 503, retryAfter: 0 },
      ];
      await madeOnceDespite(world, faults, ["ops", "billing", "support"]);
      expect(await world.authentications()).toBe(6);
    },
  },
  {
    name: "every answer of an authentication is lost",
    outcome: "`up` fails after its attempts; the next one takes over the grant that was created meanwhile",
    rules: [5, 10],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.faults({ ...POST_GRANT, times: ALL_ATTEMPTS, status: 503, retryAfter: 0, afterEffect: true });
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["nylas_unavailable", `after ${ALL_ATTEMPTS} attempts`], "up");
      const made = await emulator.grants();
      expect(made).toHaveLength(1);
      expect(world.ids()).toEqual({});
      await stack.up();
      expect(world.ids()).toEqual({ ops: made[0]?.id });
      await managedOnce(world, "ops");
    },
  },
  {
    name: "the answer of the connector's creation is lost although it took effect",
    outcome: "the connector counts as made by this stack, and goes at destroy, after its grants",
    rules: [4, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      await madeOnceDespite(world, [{ ...POST_CONNECTOR, nth: 1, reset: true, afterEffect: true }]);
      const { ops } = world.ids();
      expect(world.resource("imap").outputs).toMatchObject({ adopted: false });
      await emulator.forgetRequests();
      await stack.destroy();
      expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${ops}`, "DELETE /v3/connectors/imap"]);
      expect(await emulator.grants()).toEqual([]);
      expect(await emulator.connectors()).toEqual([]);
    },
  },
  {
    name: "the answer of the connector's creation is lost although it took effect, and further attempts are answered 429",
    outcome: "`rate_limited`; the next `up` knows the connector as made by this stack, and it goes at destroy",
    rules: [4, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.faults(
        { ...POST_CONNECTOR, nth: 1, reset: true, afterEffect: true },
        { ...POST_CONNECTOR, nth: 2, status: 429, retryAfter: 3_600 },
      );
      world.declare({});
      await world.fails(["(rate_limited)"], "up");
      expect(await emulator.connectors()).toHaveLength(1);
      await stack.up();
      expect(world.resource("imap").outputs).toMatchObject({ adopted: false });
      await stack.destroy();
      expect(await emulator.connectors()).toEqual([]);
    },
  },
  {
    name: "a new mailbox cannot be read because Nylas is not available",
    outcome: "`up` fails and keeps the grant; the next one reads it, same id, without another authentication",
    rules: [5, 10],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await madeUnread(world);
      expect(Object.keys(before)).toEqual(["ops"]);
      expect(world.resource("ops").initErrors).toHaveLength(1);
      await emulator.forgetRequests();
      await stack.up();
      expect(await emulator.writes()).toEqual([]);
      expect(await world.sent("GET", /\/messages$/)).toBe(1);
      expect(world.ids()).toEqual(before);
      expect(world.resource("ops").initErrors ?? []).toEqual([]);
      await managedOnce(world, "ops");
    },
  },
  {
    name: "a new mailbox cannot be read, and its grant becomes invalid before the next `up`",
    outcome: "that one authenticates and reads it, same id",
    rules: [5, 6],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await madeUnread(world);
      await emulator.setStatus(before.ops ?? "", "invalid");
      await emulator.forgetRequests();
      await stack.up();
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(await world.sent("GET", /\/messages$/)).toBe(1);
      expect(world.ids()).toEqual(before);
      await managedOnce(world, "ops");
    },
  },
  {
    name: "a new mailbox may be authenticated but not read",
    outcome: "`invalid_credentials` keeps the grant; the next `up` authenticates and reads it, same id",
    rules: [5, 6],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.faults({ ...PROBE, times: 1, status: 401 });
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["invalid_credentials", "cannot read it"], "up");
      const before = world.ids();
      expect(Object.keys(before)).toEqual(["ops"]);
      await emulator.forgetRequests();
      await stack.up();
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
      await managedOnce(world, "ops");
    },
  },
  {
    name: "Nylas does not know a new mailbox yet when it is to be read",
    outcome: "`nylas_unavailable` keeps the grant; the next `up` reads it, same id",
    rules: [5, 11],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.faults({ ...PROBE, times: 1, status: 404 });
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["nylas_unavailable", "may not be visible yet", "run again in a moment"], "up");
      const before = world.ids();
      await emulator.forgetRequests();
      await stack.up();
      expect(await emulator.writes()).toEqual([]);
      expect(world.ids()).toEqual(before);
      await managedOnce(world, "ops");
    },
  },
  {
    name: "a new and an updated mailbox could not be read, and any command follows",
    outcome: "`preview`, `refresh`, `up --refresh`, `up` and `destroy` all work, with the same ids",
    rules: [2, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await emulator.faults({ ...PROBE, times: 2 * ALL_ATTEMPTS, status: 503, retryAfter: 0 });
      const ops = world.mailbox(0, { args: { credentialVersion: 1 } });
      world.declare({ mailboxes: { ops, billing: world.mailbox(1) } });
      await world.fails(["nylas_unavailable", "exists and is kept"], "up", "--continue-on-error");
      const ids = world.ids();
      for (const name of ["ops", "billing"]) expect(world.resource(name).initErrors).toHaveLength(1);
      // Start each command from the state that the failed one has left.
      const halfMade = stack.checkpoint();

      await previewWithRefresh(world);
      await stack.up("--refresh");
      expect(world.ids()).toEqual(ids);
      await managedOnce(world, "ops", "billing");

      stack.restore(halfMade);
      await stack.refresh();
      await stack.up();
      expect(world.ids()).toEqual(ids);
      await managedOnce(world, "ops", "billing");

      stack.restore(halfMade);
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
      expect(world.resources()).toEqual([]);
    },
  },
  {
    name: "the run is killed after the connector was made",
    outcome: "after `pulumi cancel`, `up` takes it up as its own",
    rules: [4, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.faults({ ...POST_CONNECTOR, nth: 1, delayMs: SLOW, afterEffect: true });
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.killWhen("the connector is made", async () => (await emulator.connectors()).length === 1);
      await stack.up();
      await managedOnce(world, "ops");
      expect(world.resource("imap").outputs).toMatchObject({ adopted: false });
    },
  },
  {
    name: "the run is killed after a grant was made and before it was saved",
    outcome: "after `pulumi cancel`, `up` on the same machine takes the grant up, same id",
    rules: [5],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.faults({ ...POST_GRANT, nth: 1, delayMs: SLOW, afterEffect: true });
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.killWhen("the grant is made", async () => (await emulator.grants()).length === 1);
      expect(world.ids()).toEqual({});
      const [made] = await emulator.grants();
      await stack.up();
      expect(world.ids()).toEqual({ ops: made?.id });
      await managedOnce(world, "ops");
    },
  },
  {
    name: "the run is killed with two of five mailboxes made, and authentications under way that take effect later",
    outcome: "after `pulumi cancel`, `up` ends with five grants, each managed once",
    rules: [5],
    emulator: { users: USERS },
    run: async (world) => {
      const { emulator, stack } = world;
      const mailboxes = Object.fromEntries(
        USERS.map((user, index) => [user.username.split("@")[0] ?? "", world.mailbox(index)]),
      );
      await emulator.faults({ ...POST_GRANT, nth: 3, times: 3, delayMs: SLOW });
      world.declare({ mailboxes });
      await world.killWhen("two are made", async () => (await emulator.grants()).length >= 2);
      await stack.up();
      await managedOnce(world, ...Object.keys(mailboxes));
    },
  },
  {
    name: "the run is killed, and its provider process goes on alone",
    outcome: "it finishes its requests and is idle then, although nothing reads its output any more",
    rules: [5, 10],
    run: async (world) => {
      const { emulator, stack } = world;
      // Each mailbox announces two waits: one before the engine is killed, and one after.
      await emulator.faults({ ...POST_GRANT, nth: 1, times: 4, status: 429, retryAfter: 3 });
      world.declare({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      await world.killWhen("both have been sent once", async () => (await world.authentications()) === 2);
      await until("both are authenticated", PATIENCE_MS, async () => (await emulator.grants()).length === 2);
      const before = world.secondsOfLeftBehind();
      await stack.up();
      await managedOnce(world, "ops", "billing");
      // The run took seconds. A process in an endless loop would have used most of that time.
      expect(world.secondsOfLeftBehind() - before).toBeLessThanOrEqual(1);
    },
  },
  {
    name: "the run is killed in the middle of a rotation and of a replacement",
    outcome:
      "after `pulumi cancel`, `up` authenticates the one again, same id, and makes the other; its old grant is gone",
    rules: [2, 3, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      await emulator.setPassword(world.mailbox(0).username, "a new pass word");
      await emulator.faults(
        { ...PROBE, nth: 1, delayMs: SLOW },
        { method: "DELETE", path: "/v3/grants/*", nth: 1, delayMs: SLOW, afterEffect: true },
      );
      const ops = world.mailbox(0, { password: "a new pass word" });
      world.declare({ mailboxes: { ops, billing: world.mailbox(2) } });
      await world.killWhen("the new password is accepted and the old grant is gone", async () => {
        return (await world.authentications()) === 1 && (await emulator.grants()).length === 1;
      });
      await stack.up();
      expect(world.ids().ops).toBe(before.ops);
      expect(await world.addresses()).toEqual([world.mailbox(0).username, world.mailbox(2).username].toSorted());
      await managedOnce(world, "ops", "billing");
    },
  },
  {
    name: "a destroy is killed in its middle",
    outcome: "after `pulumi cancel`, another destroy finishes it",
    rules: [5],
    run: async (world) => {
      const { emulator, stack } = world;
      await world.given({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      await emulator.faults({ method: "DELETE", path: "/v3/grants/*", nth: 1, delayMs: SLOW, afterEffect: true });
      await world.killWhen("one is deleted", async () => (await emulator.grants()).length < 2, "destroy");
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
      expect(await emulator.connectors()).toEqual([]);
      expect(world.resources()).toEqual([]);
    },
  },
  {
    name: "the run is stopped with Ctrl-C",
    outcome: "requests under way are finished and saved; the next `up` creates the rest",
    rules: [5],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.faults({ ...POST_GRANT, nth: 1, delayMs: SLOW, afterEffect: true });
      world.declare({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      const stopped = await world.interruptWhen("a grant is made", async () => (await emulator.grants()).length > 0);
      expect(stopped.code).not.toBe(0);
      const saved = world.ids();
      expect(Object.values(saved).toSorted()).toEqual((await emulator.grants()).map(({ id }) => id).toSorted());
      await emulator.forgetRequests();
      await stack.up();
      expect(world.ids()).toMatchObject(saved);
      expect((await emulator.writes()).filter((write) => write === CONNECT)).toEqual([]);
      await managedOnce(world, "ops", "billing");
    },
  },
];
