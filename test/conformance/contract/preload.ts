/** Loaded before the emulator's command line with `node --import`: the process has no other server. */
import { recordExchanges } from "./record.ts";

// The ledger keeps violations, and the test run reports them at its end.
recordExchanges(
  () => chosenAnswers,
  () => undefined,
);

/** Values of all `--behaviour` options, such as `scope=null`. */
const chosenAnswers = Object.fromEntries(
  process.argv.flatMap((argument, index) => {
    const [name, value] = process.argv[index - 1] === "--behaviour" ? argument.split("=") : [];
    return name === undefined || value === undefined ? [] : [[name, value]];
  }),
);
