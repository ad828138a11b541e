/** Behaviors of an emulator that differ from the defaults. */
export type ChosenAnswers = Readonly<Record<string, string>>;

/**
 * This process's emulators by port, without the proxies that tests put in front: their requests arrive at an emulator as well.
 */
export const emulators = new Map<number, ChosenAnswers>();
