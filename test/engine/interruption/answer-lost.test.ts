import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allOr } from "../../../tools/harness/repetitions.js";
import { KillBench, killEngine, UP_REQUESTS } from "../../support/killed-up.js";

/** Odd requests; request-lost.test.ts has the even ones. */
const all = Array.from({ length: Math.ceil(UP_REQUESTS / 2) }, (_, index) => 2 * index + 1);
/** The connector's creation. */
const points = allOr(all, [3]);

let bench: KillBench;

beforeAll(async () => {
  bench = await KillBench.start();
});

afterAll(async () => {
  console.log(`answer-lost: ${bench.report()}`);
  await bench.close();
});

it("covers every request of an up", async () => {
  bench.ender.begin();
  const stack = await bench.stack();
  await stack.up();
  expect(bench.ender.requests).toBe(UP_REQUESTS);
  await stack.destroy();
  stack.remove();
});

describe("an engine killed after Nylas has performed a request, before the answer is there", () => {
  it.each(points)("request %i", (point) => bench.endAndRepeat(point, "after", killEngine));
});
