import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allOr } from "../../../tools/harness/repetitions.js";
import { KillBench, killEngine, UP_REQUESTS } from "../../support/killed-up.js";
import { HOSTS } from "../../support/programs.js";

/** Odd requests; request-lost.test.ts has the even ones. */
const all = Array.from({ length: Math.ceil(UP_REQUESTS / 2) }, (_, index) => 2 * index + 1);
/** The connector's creation. */
const points = { dynamic: allOr(all, [3]), native: allOr(all, []) };

let bench: KillBench;

beforeAll(async () => {
  bench = await KillBench.start();
});

afterAll(async () => {
  console.log(`answer-lost: ${bench.report()}`);
  await bench.close();
});

it.each(HOSTS)("covers every request of an up on the %s host", async (host) => {
  bench.ender.begin();
  const stack = await bench.stack(host);
  await stack.up();
  expect(bench.ender.requests).toBe(UP_REQUESTS);
  await stack.destroy();
  stack.remove();
});

describe.each(HOSTS.filter((host) => points[host].length > 0))(
  "an engine killed after Nylas has performed a request, before the answer is there: %s host",
  (host) => {
    it.each(points[host])("request %i", (point) => bench.endAndRepeat(host, point, "after", killEngine));
  },
);
