import { expect, it } from "vitest";
import { NylasError } from "../../provider/src/errors.js";
import { createClient, type NylasClient } from "../../provider/src/nylas/client.js";
import { createConnector, findConnector } from "../../provider/src/nylas/connectors.js";
import { listAllGrants } from "../../provider/src/nylas/grant-list.js";
import { authenticateMailbox, deleteGrant, findGrant, probeMailbox } from "../../provider/src/nylas/grants.js";
import { readSettings } from "../../provider/src/settings.js";
import { ALTERNATIVES, type Answers, SINGLE_ALTERNATIVES, UNREAD } from "../../tools/harness/open-questions.js";
import { TestEmulator } from "../../tools/harness/test-emulator.js";
import { here } from "../support/here.js";

const NOBODY = "6e0f4a3e-0000-4000-8000-000000000000";

/** What the lifecycle gets from each kind of answer: the parsed value or the error. */
async function seenUnder(behavior: Answers): Promise<{ outcomes: unknown[]; asked: string[] }> {
  const emulator = await TestEmulator.start({ behavior });
  try {
    const client = clientOf(emulator.env);
    const stranger = clientOf({ ...emulator.env, NYLAS_API_KEY: "nyk_somebody_elses" });
    const { username, password } = emulator.user(0);
    const { host: imapHost, port: imapPort } = emulator.imap;
    const mailbox = { imapUsername: username, imapPassword: password, imapHost, imapPort };

    const missing = await outcome(findConnector(client));
    const connector = await outcome(createConnector(client, undefined));
    const made = await authenticateMailbox(client, mailbox, "mark");
    const { id } = made;
    const outcomes = [missing, connector, plain(made), await outcome(findGrant(client, id))];
    outcomes.push(await outcome(authenticateMailbox(client, mailbox, "another mark")));
    outcomes.push(await outcome(listAllGrants(client)));
    outcomes.push(await outcome(findGrant(client, NOBODY)));
    outcomes.push(await outcome(deleteGrant(client, NOBODY)));
    outcomes.push(await outcome(probeMailbox(client, NOBODY, username)));
    outcomes.push(await outcome(listAllGrants(stranger)));
    await emulator.faults({ method: "GET", path: "/v3/grants", status: 429, retryAfter: 0 });
    outcomes.push(await outcome(listAllGrants(client)));
    await emulator.setStatus(id, "invalid");
    outcomes.push(await outcome(probeMailbox(client, id, username)));
    return { outcomes, asked: await emulator.questionsAsked() };
  } finally {
    await emulator.close();
  }
}

function clientOf(env: Record<string, string>): NylasClient {
  return createClient(
    readSettings("nylas", () => undefined, env),
    here(),
  );
}

/** What it returned or threw; of an error, what the provider looks at. */
async function outcome(work: Promise<unknown>): Promise<unknown> {
  const seen = await work.catch((error: unknown) => {
    if (error instanceof NylasError) return error;
    throw error;
  });
  if (!(seen instanceof NylasError)) return plain(seen);
  const { name, code, status, remedy, attempts } = seen;
  return plain({ name, code, status, remedy, attempts });
}

/** Replaces ids and times, which differ between emulators. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value) ?? "undefined";
  const withoutIds = text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "an id");
  return withoutIds.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "a time");
}

const usual = await seenUnder({});

it.concurrent.each(SINGLE_ALTERNATIVES.filter(({ name }) => UNREAD.includes(name)))(
  "$name=$value is nothing that the provider looks at",
  async ({ name, value }) => {
    expect(usual.asked).toContain(name);
    expect((await seenUnder({ [name]: value })).outcomes).toEqual(usual.outcomes);
  },
);

it("an answer that the provider does look at is seen here", async () => {
  expect(usual.asked).toContain("unnamedConnector");
  expect((await seenUnder({ unnamedConnector: "absent" })).outcomes).not.toEqual(usual.outcomes);
  expect(ALTERNATIVES.get("unnamedConnector")).toEqual(["absent"]);
});
