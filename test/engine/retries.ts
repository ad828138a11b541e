import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { present } from "../../tools/harness/test-emulator.js";
import { until } from "../../tools/harness/until.js";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE, CONNECT, PATIENCE_MS, type World } from "./world.js";

const POST_GRANT = { method: "POST", path: "/v3/connect/custom" };
/** Most attempts of one request. */
const ALL_ATTEMPTS = 5;

/** Creates one mailbox in one run, which must send the authentication this many times. */
async function authenticatedAfter(world: World, attempts: number): Promise<void> {
  world.declare({ mailboxes: { ops: world.mailbox(0) } });
  await world.stack.up();
  expect(await world.authentications()).toBe(attempts);
  expect(await world.emulator.grants()).toHaveLength(1);
}

/** Arrival times of the authentications, in milliseconds since 1970. */
async function timesOfAuthentications(world: World): Promise<number[]> {
  const log = await world.emulator.requests();
  return log.filter(({ path }) => path === POST_GRANT.path).map(({ time }) => Date.parse(time));
}

/** Span that the rate limit counts requests in, in milliseconds. */
const LIMITED_MS = 1_000;
const TEAM = Array.from({ length: 5 }, (_, index) => ({
  username: `box${index}@example.test`,
  password: `the password of box ${index}`,
}));

/** Busy, slow and failing servers. */
export const retries: Scenario[] = [
  {
    name: "Nylas answers 429 and says how many seconds to wait, then with a date to wait for, then without either",
    outcome: "the run waits that long, until then, and then a little longer each time, and goes on",
    rules: [10],
    run: async (world) => {
      const date = new Date(Date.now() + 10_000);
      await world.emulator.faults(
        { ...POST_GRANT, nth: 1, status: 429, retryAfter: 2 },
        { ...POST_GRANT, nth: 2, status: 429, retryAfter: date.toUTCString() },
        { ...POST_GRANT, nth: 3, times: 2, status: 429, retryAfter: null },
      );
      await authenticatedAfter(world, 5);
      const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = await timesOfAuthentications(world);
      expect(second - first).toBeGreaterThanOrEqual(1_990);
      // An HTTP date has whole seconds only.
      expect(third).toBeGreaterThanOrEqual(Math.floor(date.getTime() / 1_000) * 1_000);
      expect(fourth).toBeGreaterThan(third);
      expect(fifth).toBeGreaterThan(fourth);
    },
  },
  {
    name: "Nylas answers nothing but 429",
    outcome: "`rate_limited` after five attempts; the next `up` converges",
    rules: [5, 10],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.faults({ ...POST_GRANT, status: 429, retryAfter: 0 });
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["rate_limited", `after ${ALL_ATTEMPTS} attempts`, "requestsPerSecond"], "up");
      expect(await world.authentications()).toBe(ALL_ATTEMPTS);
      await emulator.faults();
      await stack.up();
      expect(await world.addresses()).toEqual([world.mailbox(0).username]);
    },
  },
  {
    name: "Nylas asks to wait for an hour",
    outcome: "`rate_limited` at once, without waiting; it says how long to wait",
    rules: [10],
    run: async (world) => {
      await world.emulator.faults({ ...POST_GRANT, status: 429, retryAfter: 3_600 });
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["rate_limited", "Nylas asks to wait for 60 minutes: run again then"], "up");
      expect(await world.authentications()).toBe(1);
    },
  },
  {
    name: "Nylas answers nothing but 429 for one mailbox",
    outcome:
      "`rate_limited` keeps its grant, and does not ask for a lower `requestsPerSecond`; the next `up` looks again",
    rules: [5, 10],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.faults({ method: "GET", path: "*/messages", status: 429, retryAfter: 0 });
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      const { output } = await world.fails(
        ["rate_limited", "the limit is that of the mailbox or of its mail server"],
        "up",
      );
      expect(output).not.toContain("requestsPerSecond");
      const before = world.ids();
      await emulator.faults();
      await stack.up();
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "the application's rate limit is lower than the run's own",
    outcome: "every mailbox is made, each once",
    rules: [5, 10],
    // The run authenticates all mailboxes at the same time, so that a slow machine exceeds the limit too.
    emulator: { behavior: { rateLimitPerSecond: "4" }, users: TEAM },
    run: async (world) => {
      const { emulator, stack } = world;
      const mailboxes = TEAM.map((_, index) => [`box${index}`, world.mailbox(index)] as const);
      world.declare({ mailboxes: Object.fromEntries(mailboxes) });
      await stack.up();
      const statuses = (await emulator.requests()).map(({ status }) => status);
      expect(statuses).toContain(429);
      expect(Object.keys(world.ids())).toHaveLength(TEAM.length);
      // The test's own look at the grants counts as well.
      await until("a second has passed without a request", PATIENCE_MS, async () => {
        const last = (await emulator.requests()).at(-1);
        return last !== undefined && Date.now() - Date.parse(last.time) > LIMITED_MS;
      });
    },
  },
  {
    name: "`requestsPerSecond` is set",
    outcome: "all mailboxes of the run together stay below it; `NYLAS_DEBUG=1` shows each request, and its wait",
    rules: [10],
    run: async (world) => {
      const { emulator, stack } = world;
      const limit = 2;
      stack.env.NYLAS_REQUESTS_PER_SECOND = String(limit);
      world.declare({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      stack.env.NYLAS_DEBUG = "1";
      const { output } = await stack.up();
      expect(output).toMatch(/ms for requestsPerSecond/);
      const requests = await emulator.requests();
      const shown = [...output.matchAll(/nylas: ((?:GET|POST) \/v3\/[^\s?]+)\S* \d{3} in \d+ ms/g)].map(
        ([, line]) => line,
      );
      // The engine prints each line during the run, and again at its end.
      expect(new Set(shown)).toEqual(new Set(requests.map(({ method, path }) => `${method} ${path}`)));
      const times = requests.map(({ time }) => Date.parse(time)).toSorted((a, b) => a - b);
      const spanMs = present(times.at(-1)) - present(times[0]);
      // A late request on a busy machine shortens one interval, but not the span of all requests.
      const leastMs = 1_000 * (Math.ceil(times.length / limit) - 1);
      expect(spanMs).toBeGreaterThan(leastMs - 500);
    },
  },
  {
    name: "the list of grants is answered with 503, a reset and half a body",
    outcome: "the list is requested again; no grant is created from an incomplete one",
    rules: [5, 10],
    run: async (world) => {
      const LIST = { method: "GET", path: "/v3/grants" };
      await world.emulator.faults(
        { ...LIST, nth: 1, status: 503, retryAfter: 0 },
        { ...LIST, nth: 2, reset: true },
        { ...LIST, nth: 3, truncate: true },
      );
      await authenticatedAfter(world, 1);
    },
  },
  {
    name: "Nylas takes longer than `timeoutSeconds`",
    outcome: "`timeout`, without another attempt; the next `up` takes up what was made meanwhile",
    rules: [5, 10],
    run: async (world) => {
      const { emulator, stack } = world;
      stack.env.NYLAS_TIMEOUT_SECONDS = "3";
      await emulator.faults({ ...POST_GRANT, nth: 1, delayMs: 6_000, afterEffect: true });
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["timeout", "nylas:timeoutSeconds"], "up");
      const [made] = await emulator.grants();
      delete stack.env.NYLAS_TIMEOUT_SECONDS;
      await stack.up();
      expect(world.ids()).toEqual({ ops: made?.id });
      expect(world.resource("ops").outputs).toMatchObject({ adopted: false });
    },
  },
  {
    name: "the mail server does not answer",
    outcome: "`provider_not_responding` names it, after one attempt; with the right port the next `up` goes through",
    rules: [5, 10],
    run: async (world) => {
      const { emulator, stack } = world;
      // Nothing listens on the discard port.
      const args = { imapPort: 9 };
      world.declare({ mailboxes: { ops: world.mailbox(0, { args }) } });
      await world.fails(["(provider_not_responding)", `${emulator.imap.host}:9`], "up");
      expect(await emulator.writes()).toEqual([CONNECT, AUTHENTICATE]);
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await stack.up();
      expect(await emulator.grants()).toHaveLength(1);
    },
  },
  {
    name: 'the password is wrong, with `preflight: "warn"`',
    outcome: "`invalid_credentials` after one log-in at the IMAP server: SMTP and Nylas are not asked",
    rules: [10],
    run: async (world) => {
      const { emulator, stack } = world;
      const authority = join(dirname(stack.backend), "mail-ca.crt");
      writeFileSync(authority, present(emulator.emulator.ca));
      stack.env.NODE_EXTRA_CA_CERTS = authority;
      const declared = (password: string) =>
        world.declare({ mailboxes: { ops: { ...world.mailbox(0, { args: { preflight: "warn" } }), password } } });
      declared("mistyped");
      const { output } = await world.fails(["(invalid_credentials)", "IMAP at", "Nylas was not asked"], "up");
      expect(output).not.toContain("SMTP at");
      expect(await emulator.writes()).toEqual([CONNECT]);
      declared(emulator.user(0).password);
      await stack.up();
      expect(await emulator.writes()).toEqual([CONNECT, AUTHENTICATE]);
    },
  },
];
