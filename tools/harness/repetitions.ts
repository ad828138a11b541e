/**
 * True under `npm run test:all`, which repeats behaviors under other circumstances: each answer that Nylas may give, every kill
 * point, the random walk, Dovecot. `npm test` plays each behavior once.
 */
export const REPEATS = process.env.TEST_REPETITIONS === "all";

/** All of them under `npm run test:all`, and otherwise these. */
export function allOr<T>(all: readonly T[], once: readonly T[]): readonly T[] {
  return REPEATS ? all : once;
}
