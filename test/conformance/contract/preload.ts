/** Loaded before the emulator's command line with `node --import`: the process has no other server. */
import { recordExchanges } from "./record.ts";

// A violation stands in the ledger, and the end of the test run reports it.
recordExchanges(
  () => chosenAnswers,
  () => undefined,
);

/** `--behaviour scope=null`, as often as it was given. */
const chosenAnswers = Object.fromEntries(
  process.argv.flatMap((argument, index) => {
    const [name, value] = process.argv[index - 1] === "--behaviour" ? argument.split("=") : [];
    return name === undefined || value === undefined ? [] : [[name, value]];
  }),
);
