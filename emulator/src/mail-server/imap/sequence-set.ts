/** A range with `first <= last`; a single number is both. */
interface Range {
  first: number;
  last: number;
}

/** A set of message numbers or UIDs, as in FETCH and SEARCH. */
export interface SequenceSet {
  has(number: number): boolean;
}

const END = /^(?:\*|[1-9]\d{0,9})$/;

/**
 * Parses a set such as `1,3:5,7:*`, where `*` is `last`; undefined if it is invalid. The larger number of a range may
 * come first (RFC 3501, 9).
 */
export function parseSequenceSet(text: string, last: number): SequenceSet | undefined {
  const ranges: Range[] = [];
  for (const range of text.split(",")) {
    const ends = range.split(":");
    if (ends.length > 2 || !ends.every((end) => END.test(end))) return undefined;
    const numbers = ends.map((end) => (end === "*" ? last : Number(end)));
    ranges.push({ first: Math.min(...numbers), last: Math.max(...numbers) });
  }
  const merged = merge(ranges);
  return { has: (number) => isIn(merged, number) };
}

/** Sorts the ranges and joins overlapping ones. */
function merge(ranges: Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of ranges.sort((left, right) => left.first - right.first)) {
    const before = merged.at(-1);
    if (before !== undefined && range.first <= before.last + 1) before.last = Math.max(before.last, range.last);
    else merged.push(range);
  }
  return merged;
}

/** Binary search, because a set of thousands of ranges is checked against every message of a folder. */
function isIn(ranges: readonly Range[], number: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { first, last } = ranges[middle] ?? { first: 0, last: 0 };
    if (number < first) high = middle - 1;
    else if (number > last) low = middle + 1;
    else return true;
  }
  return false;
}
