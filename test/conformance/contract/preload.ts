/** Loaded before the emulator's command line with `node --import`: the process has no other server. */
import { recordExchanges } from "./record.ts";

const OPTIONS = ["--behavior", "--behaviour"];

// The ledger keeps violations, and the test run reports them at its end.
recordExchanges(
  () => chosenAnswers,
  () => undefined,
);

/** Values of all these options, such as `scope=null`. */
const chosenAnswers = Object.fromEntries(
  process.argv.flatMap((argument, index) => {
    const [name, value] = OPTIONS.includes(process.argv[index - 1] ?? "") ? argument.split("=") : [];
    return name === undefined || value === undefined ? [] : [[name, value]];
  }),
);
