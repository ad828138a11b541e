import { type Expected, inWords } from "./answer.js";
import { BESIDES } from "./besides.js";
import { type Expectation, STANDINGS, type Standing } from "./expectation.js";
import { behaviorNames, defaultOf, OPEN_POINTS, OTHER_ANSWERS, REGISTER } from "./register.js";
import { CONTRACT_DATE, READ_UNTIL } from "./sources.js";

/** emulator/docs/nylas-answers.md. */
export function nylasAnswers(): string {
  return [HEAD, inNumbers(), openPoints(), besides(), ...endpoints().map(section)].join("\n");
}

/** How many of the answers a public source documents, if only the status of some, and how many are assumed. */
export function counts(): { all: number; documented: number; assumed: number } {
  const assumed = REGISTER.filter(({ standing }) => standing === "assumed").length;
  return { all: REGISTER.length, documented: REGISTER.length - assumed, assumed };
}

const HEAD = `# What Nylas answers, and how sure that is

How far can you trust the emulator? As far as the public sources go: each line says what the emulator answers, where that is from,
and whether a source says so or it is assumed. Nobody has compared it with Nylas itself yet; the next section is how you can. The
questions that the sources leave open have switches that play the other answers, and this package passes its own tests under each
of them. Most assumptions about details, such as the type of a refusal, have no switch.

The sources are Nylas's pages, change logs and official repositories, read up to ${READ_UNTIL}. The contract, Nylas's OpenAPI
document, is that of ${CONTRACT_DATE}: no newer one could be read.

This file is written from the register in \`emulator/test/register/\`, whose every line is played at the emulator: under its defaults, and
under each other answer of its switches.

## Asking Nylas itself

The same register can be played at Nylas. It needs an application of your own and a mailbox that has no grant there:

\`\`\`sh
export NYLAS_LIVE_API_KEY=…                     # an application for trying things out, never one in use
export NYLAS_LIVE_API_URI=https://api.us.nylas.com                          # the default
export NYLAS_LIVE_IMAP_USERNAME=… NYLAS_LIVE_IMAP_PASSWORD=… NYLAS_LIVE_IMAP_HOST=…
export NYLAS_LIVE_SMTP_HOST=…                   # ports: NYLAS_LIVE_IMAP_PORT (993), NYLAS_LIVE_SMTP_PORT (465)
export NYLAS_LIVE_WRONG_PASSWORD=1              # also try one wrong password; it counts at the mail server
export NYLAS_LIVE_SEND=1                        # also send a few messages from the mailbox to itself
npx vitest run test/conformance/live/live.test.ts
\`\`\`

It prints one line for each open answer: \`settled: duplicateConnector = 409\`, or \`not settled:\` and why. An answer that is not among
the known ones fails, with Nylas's request id. It looks before it writes, and neither changes nor deletes what it has not made: with
an IMAP connector in the application it leaves connectors alone, with a grant for the mailbox that grant. At the end it deletes what
it has made, also after failures, and names what it could not delete. A run that is interrupted cannot: it leaves a grant whose
\`state\` begins with \`expectations\`, and perhaps a connector, for you to delete. The run after it names that grant.

Seven questions matter most. The run asks first those that it can ask; the others need a person:

| question | switch | asked by |
|---|---|---|
| Is a grant that was deleted, or that never was, answered with 404 or 401? | \`missingGrant\` | the run |
| Is a password with characters outside ASCII refused? | \`nonAsciiPassword\` | a run for a mailbox that has such a password: it ends with the refusal, or it goes on |
| May a key that is bound to the application, a workspace or a grant read \`/v3/applications\`? | \`deniedPermissions\` | a run with each of the keys: its first request is that one, and it ends with a refusal |
| Is \`application/json; charset=utf-8\` refused? | \`contentType\` | the run |
| Which status and type has a request for the mailbox after its password has changed? | \`invalidGrant\`, \`unauthorizedType\` | a person, who changes the password and then lists the messages |
| Does a grant that is authenticated again keep its workspace? | \`reauthWorkspace\` | a person, who moves the grant to another workspace before |
| Which spelling makes the hosted form demand SMTP settings? | \`smtpRequired\` | a person, who opens a link of each spelling |
`;

function inNumbers(): string {
  const { all, documented, assumed } = counts();
  const standing = (name: Standing): number => REGISTER.filter((expectation) => expectation.standing === name).length;
  const switched = REGISTER.filter(({ instead }) => instead !== undefined).length;
  const rows = Object.entries(STANDINGS).map(([name, meaning]) => {
    // `Object.keys` returns `string[]`; the type is derived from this constant.
    return `| ${name} | ${meaning} | ${standing(name as Standing)} |`;
  });
  return [
    "## In numbers",
    "",
    `Of ${all} answers, ${documented} are documented, some of them but for the error's type, and ${assumed} are assumed. They are those of`,
    `${endpoints().length} endpoints. ${switched} have a switch: ${behaviorNames().length} switches play ${OTHER_ANSWERS.length} other answers.`,
    "",
    "| standing | means | answers |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function openPoints(): string {
  const rows = OPEN_POINTS.flatMap(({ point, switches, hint }) =>
    switches.map((name, index) => {
      const told = index > 0 || hint === undefined ? "" : `${hint.says} ([${hint.source.name}](${hint.source.url}))`;
      const usual = defaultOf(name) === "" ? "none" : `\`${defaultOf(name)}\``;
      const others = OTHER_ANSWERS.filter((other) => other.name === name).map(({ value }) => `\`${value}\``);
      return `| ${index === 0 ? point : ""} | \`${name}\` | ${usual} | ${others.join(", ")} | ${told} |`;
    }),
  );
  return [
    "## What the public sources leave open",
    "",
    "The last three are not open at Nylas: its contract returns a grant's state, a key may do what its permissions say, and the",
    "limits are known.",
    "",
    "| open | switch | default | other answers | hints |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function besides(): string {
  return [
    "## What no request can show",
    "",
    "| Nylas | source | the emulator |",
    "|---|---|---|",
    ...BESIDES.map(({ fact, source, here }) => `| ${fact} | [${source.name}](${source.url}) | ${here} |`),
    "",
  ].join("\n");
}

function endpoints(): string[] {
  return [...new Set(REGISTER.map(({ endpoint }) => endpoint))];
}

function section(endpoint: string): string {
  const rows = REGISTER.filter((expectation) => expectation.endpoint === endpoint).map(row);
  const head = ["| situation | the emulator answers | source | standing | switch |", "|---|---|---|---|---|"];
  return [`## ${endpoint}`, "", ...head, ...rows, ""].join("\n");
}

function row({ situation, answer, source, standing, instead = {}, live }: Expectation): string {
  const links = source.map(({ name, url }) => `[${name}](${url})`).join(", ");
  const switches = Object.entries<Readonly<Record<string, Expected>>>(instead).flatMap(([name, values]) =>
    Object.entries(values).map(([value, other]) => `\`--behavior ${name}=${value}\` → ${inWords(other)}`),
  );
  const known = standing === "different" && typeof live === "object" ? `different: ${live.no}` : standing;
  return `| ${situation} | ${inWords(answer)} | ${links} | ${known} | ${switches.join("; ")} |`;
}
