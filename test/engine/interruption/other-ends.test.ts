import { afterAll, beforeAll, describe, it } from "vitest";
import { allOr } from "../../../tools/harness/repetitions.js";
import { interruptTwice, KillBench, killEverything, killProvider } from "../../support/killed-up.js";
import { HOSTS } from "../../support/programs.js";

/** The connector's creation, the first authentication, and an authentication after some mailboxes are saved. */
const POINTS = { dynamic: allOr([3, 5, 15], [15]), native: allOr([3, 5, 15], []) };

let bench: KillBench;

beforeAll(async () => {
  bench = await KillBench.start();
});

afterAll(async () => {
  console.log(`other ends: ${bench.report()}`);
  await bench.close();
});

describe.each(HOSTS.filter((host) => POINTS[host].length > 0))("%s host", (host) => {
  it.each(POINTS[host])("everything killed at request %i, as when the machine goes down", (point) =>
    bench.endAndRepeat(host, point, "after", killEverything),
  );

  it.each(POINTS[host])("the provider process killed at request %i", (point) =>
    bench.endAndRepeat(host, point, "after", killProvider),
  );

  it.each(POINTS[host])("Ctrl-C twice at request %i", (point) =>
    bench.endAndRepeat(host, point, "after", interruptTwice),
  );
});
