import * as fc from "fast-check";
import { expect, it } from "vitest";
import { parseSequenceSet } from "../../../emulator/src/mail-server/imap/sequence-set.js";

const RUNS = { seed: 20_261_123, numRuns: 500 };
const LAST = 20;
const end = fc.oneof(fc.integer({ min: 1, max: LAST + 10 }).map(String), fc.constant("*"));
const range = fc.oneof(
  end.map((one) => [one]),
  fc.tuple(end, end).map((two): string[] => two),
);

it("finds exactly the numbers of a sequence set", () => {
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 8 }), (ranges) => {
      const set = parseSequenceSet(ranges.map((ends) => ends.join(":")).join(","), LAST);
      const value = (one: string | undefined) => (one === "*" ? LAST : Number(one));
      for (let number = 0; number <= LAST + 12; number++) {
        const meant = ranges.some((ends) => {
          const [from, to] = [value(ends[0]), value(ends.at(-1))];
          return (from <= number && number <= to) || (to <= number && number <= from);
        });
        expect(set?.has(number), `${number}`).toBe(meant);
      }
    }),
    RUNS,
  );
});

it("refuses what is no sequence set", () => {
  const wrong = [
    "",
    ",",
    "1,",
    ",1",
    "1:",
    ":1",
    "1:2:3",
    "0",
    "01",
    "-1",
    "1.5",
    "a",
    "* ",
    "**",
    "12345678901",
    "1;2",
  ];
  for (const text of wrong) expect(parseSequenceSet(text, LAST), text).toBeUndefined();
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."0123456789*:, ax") }), (text) => {
      const number = "(?:[1-9]\\d{0,9}|\\*)";
      const isSet = new RegExp(`^${number}(?::${number})?(?:,${number}(?::${number})?)*$`).test(text);
      expect(parseSequenceSet(text, LAST) !== undefined).toBe(isSet);
    }),
    RUNS,
  );
});
