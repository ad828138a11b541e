import leven from "leven";

/** Most edits between a name and the known one that it was meant to be. */
const MAX_EDITS = 3;
/** Most edits of a mistyped name: two letters exchanged. */
const MAX_TYPO_EDITS = 2;
/** Fewest letters of a part that stands for the whole name, such as `host` for `imapHost`. */
const MIN_PART_LENGTH = 4;
/** Share of the known name's letters that may differ: three edits turn `out` into any other word of three letters. */
const MAX_SHARE = 0.5;

/** The known name that `given` was probably meant to be, or `undefined` if none is near. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const letters = given.toLowerCase();
  const best = closest(letters, known, MAX_EDITS);
  if (best !== undefined || letters.length < MIN_PART_LENGTH) return best;
  return known.find((name) => name.toLowerCase().includes(letters));
}

/** The known name of which `given` is a misspelling, or `undefined`: for names that may well mean something else. */
export function misspelt(given: string, known: readonly string[]): string | undefined {
  return closest(given.toLowerCase(), known, MAX_TYPO_EDITS);
}

function closest(letters: string, known: readonly string[], maxEdits: number): string | undefined {
  const [best] = known
    .map((name) => ({ name, edits: leven(name.toLowerCase(), letters) }))
    .filter(({ name, edits }) => edits <= Math.min(maxEdits, name.length * MAX_SHARE))
    .sort((left, right) => left.edits - right.edits);
  return best?.name;
}
