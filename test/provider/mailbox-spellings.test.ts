import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { createGrantDirectory } from "../../provider/src/core/grant-directory.js";
import { createClient, type NylasClient } from "../../provider/src/nylas/client.js";
import { authenticateMailbox, deleteGrant, probeMailbox } from "../../provider/src/nylas/grants.js";
import { readSettings } from "../../provider/src/settings.js";
import { TestEmulator } from "../../tools/harness/test-emulator.js";
import { here } from "../support/here.js";

const ADDRESSES = [
  "o'brien@example.test",
  "r&d@example.test",
  "ops@localhost",
  "ops@bücher.example",
  "ops@xn--caf-dma.example",
  "jörg@example.test",
  "運用@例え.example",
];
const LOG_IN_NAMES = ["ops", "CORP\\ops", "ops@example.test\\shared"];
const PASSWORD = "correct horse";

let emulator: TestEmulator;
let client: NylasClient;

beforeAll(async () => {
  const users = [...ADDRESSES, ...LOG_IN_NAMES].map((username) => ({ username, password: PASSWORD }));
  emulator = await TestEmulator.start({ users });
  client = createClient(
    readSettings("nylas", () => undefined, emulator.env),
    here(),
  );
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
});

afterEach(() => vi.restoreAllMocks());

afterAll(() => emulator.close());

async function notices(work: () => Promise<void>): Promise<string[]> {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  await work();
  return printed.mock.calls.map(([line]) => String(line));
}

async function goesThrough(imapUsername: string, spelling: string): Promise<void> {
  const { host, port } = emulator.imap;
  const mailbox = { imapUsername, imapPassword: PASSWORD, imapHost: host, imapPort: port };
  const grant = await authenticateMailbox(client, mailbox, "mark");
  await probeMailbox(client, grant.id, imapUsername);
  expect((await createGrantDirectory(client).byEmail(spelling))?.id).toBe(grant.id);
  expect((await authenticateMailbox(client, mailbox, "mark")).id).toBe(grant.id);
  await deleteGrant(client, grant.id);
}

it.each(ADDRESSES)("the mailbox %s is authenticated, read, found and deleted", async (address) => {
  expect(await notices(() => goesThrough(address, address.toUpperCase()))).toEqual([]);
});

it.each([
  ["ops@bücher.example", "ops@xn--bcher-kva.example"],
  ["ops@xn--caf-dma.example", "ops@café.example"],
])("the grant of %s is found as %s", async (address, spelling) => {
  await goesThrough(address, spelling);
});

it.each(LOG_IN_NAMES)("the log-in name %s is tried at the mail server, with a notice", async (name) => {
  const told = await notices(() => goesThrough(name, name));
  expect(told).toHaveLength(2);
  expect(told[0]).toContain(`imapUsername ${name} is a log-in name and no e-mail address`);
});
