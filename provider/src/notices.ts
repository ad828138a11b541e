import { cleanedSentence } from "./redact.js";

/** Longest value shown in a notice, in characters. */
const MAX_NOTICE_LENGTH = 500;

/** Shows the user what is not an error. */
export interface Notices {
  notify(text: string): void;
  /** A line for `NYLAS_DEBUG=1`. Takes a function: building a line costs time. */
  debug(text: () => string): void;
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Notices that go through `print`, and lines for debugging if the environment has `NYLAS_DEBUG=1`. Notices often quote grants and
 * addresses from a server's answer, so every notice is cleaned here.
 */
export function noticesTo(print: (line: string) => void, env: Environment): Notices {
  const notify = (text: string) => print(`nylas: ${cleanedSentence(text, MAX_NOTICE_LENGTH)}`);
  return {
    notify,
    debug: (text) => {
      if (env.NYLAS_DEBUG === "1") notify(text());
    },
  };
}
