import { afterAll, beforeAll, it } from "vitest";
import { allOr } from "../../../tools/harness/repetitions.js";
import { interruptTwice, KillBench, killEverything, killProvider } from "../../support/killed-up.js";

/** The connector's creation, the first authentication, and an authentication after some mailboxes are saved. */
const POINTS = allOr([3, 5, 15], [15]);

let bench: KillBench;

beforeAll(async () => {
  bench = await KillBench.start();
});

afterAll(async () => {
  console.log(`other ends: ${bench.report()}`);
  await bench.close();
});

it.each(POINTS)("everything killed at request %i, as when the machine goes down", (point) =>
  bench.endAndRepeat(point, "after", killEverything),
);

it.each(POINTS)("the provider process killed at request %i", (point) =>
  bench.endAndRepeat(point, "after", killProvider),
);

it.each(POINTS)("Ctrl-C twice at request %i", (point) => bench.endAndRepeat(point, "after", interruptTwice));
