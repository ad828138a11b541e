import { afterAll, beforeAll, describe, it } from "vitest";
import { allOr } from "../../../tools/harness/repetitions.js";
import { KillBench, killEngine, UP_REQUESTS } from "../../support/killed-up.js";
import { HOSTS } from "../../support/programs.js";

/** Even requests; answer-lost.test.ts has the odd ones. */
const all = Array.from({ length: Math.floor(UP_REQUESTS / 2) }, (_, index) => 2 * index + 2);
/** An authentication. */
const points = { dynamic: allOr(all, [8]), native: allOr(all, []) };

let bench: KillBench;

beforeAll(async () => {
  bench = await KillBench.start();
});

afterAll(async () => {
  console.log(`request-lost: ${bench.report()}`);
  await bench.close();
});

describe.each(HOSTS.filter((host) => points[host].length > 0))(
  "an engine killed while a request is on its way to Nylas: %s host",
  (host) => {
    it.each(points[host])("request %i", (point) => bench.endAndRepeat(host, point, "before", killEngine));
  },
);
