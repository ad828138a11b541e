import { absence } from "./absence.js";
import { connector } from "./connector.js";
import { copies } from "./copies.js";
import { drift } from "./drift.js";
import { halfMade } from "./half-made.js";
import { input } from "./input.js";
import { access } from "./keys.js";
import { ownership } from "./ownership.js";
import { passwordSources } from "./password-sources.js";
import { renames } from "./renames.js";
import { replacement } from "./replacement.js";
import { retries } from "./retries.js";
import { rotation } from "./rotation.js";
import type { Scenario } from "./scenario.js";

/** Every scenario, by subject. */
export const SUBJECTS: Readonly<Record<string, readonly Scenario[]>> = {
  Ownership: ownership,
  "The connector": connector,
  "Keys and applications": access,
  Drift: drift,
  "What is not there": absence,
  "Changes of a mailbox": rotation,
  "Passwords by reference": passwordSources,
  "Interrupted runs": halfMade,
  Renames: renames,
  "Copies of a state": copies,
  Replacements: replacement,
  "Busy and failing servers": retries,
  "Wrong input": input,
};

/** The text of docs/what-happens.md. */
export function whatHappens(): string {
  const sections = Object.entries(SUBJECTS).map(([subject, scenarios]) => {
    const rows = scenarios.map(({ name, outcome, only, rules }) => {
      const hosts = only === undefined ? "both" : `${only.host}: ${only.because}`;
      return `| ${name} | ${outcome} | ${hosts} | ${rules.join(", ")} |`;
    });
    return [`## ${subject}`, "", "| when … | then | hosts | rules |", "|---|---|---|---|", ...rows, ""].join("\n");
  });
  return [HEAD, ...sections].join("\n");
}

const HEAD = `# What happens when …

Each line is a test on the real Pulumi engine (\`test/engine/\`), and this file is written from them. It holds on both hosts,
unless its third column names one and says why: *dynamic* is the host of the classes for TypeScript programs, *native* the
plugin for every language. Which rules a line holds, by their numbers:

1. A second \`up\` with nothing changed sends no write.
2. A grant keeps its id, except when \`imapUsername\` or \`application\` changes, or by your own
   \`--replace\`, \`state taint\`, \`replacementTrigger\` or \`replaceWith\`.
3. A forced replacement deletes first; a renamed resource never deletes what its new name has adopted.
4. What this resource did not make is neither changed nor deleted, unless you say so.
5. A run that was cut off and is repeated ends with every mailbox managed exactly once.
6. An \`invalid\` grant is drift, and is authenticated again with the same id.
7. A 404 is believed only from the application that the resource was made in.
8. No password and no API key is ever readable.
9. Every input error is found before any request.
10. Waits and retries are bounded; a wrong password is never sent twice in a run.
11. Absence is believed only from Nylas itself, from a complete list, and of a grant that is older than some minutes.
`;
