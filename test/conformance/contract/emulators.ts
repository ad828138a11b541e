/** The answers that an emulator was told to give instead of its defaults. */
export type ChosenAnswers = Readonly<Record<string, string>>;

/**
 * This process's emulators by port. The proxies and gates that tests put before them are not among them: what passes
 * through those arrives here as well.
 */
export const emulators = new Map<number, ChosenAnswers>();
