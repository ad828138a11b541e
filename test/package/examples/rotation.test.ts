import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TestEmulator } from "../../../tools/harness/test-emulator.js";
import { useRandomPlugin } from "../../support/random-plugin.js";
import { createStack, type Stack } from "../../support/stack.js";

let emulator: TestEmulator;
let stack: Stack;

beforeAll(async () => {
  emulator = await TestEmulator.start();
  stack = await createStack({ directory: join(import.meta.dirname, "../../../examples/rotation") });
  useRandomPlugin(stack);
});

afterAll(async () => {
  await emulator.close();
  stack.remove();
});

it("examples/rotation rotates a password, and the grant goes on", async () => {
  const { apiUri, apiKey } = emulator.emulator;
  await stack.config(
    {
      "nylas:apiUri": apiUri,
      adminUri: `${apiUri}/_emulator`,
      mailbox: emulator.user(0).username,
      rotation: "first",
      imapHost: emulator.imap.host,
      imapPort: String(emulator.imap.port),
      smtpHost: emulator.smtp.host,
      smtpPort: String(emulator.smtp.port),
    },
    { "nylas:apiKey": apiKey, adminKey: apiKey },
  );
  await stack.up();
  const before = stack.outputs();
  await stack.up("--expect-no-changes");

  await emulator.forgetRequests();
  await stack.config({ rotation: "second" });
  await stack.up();
  expect(stack.outputs().grantId).toBe(before.grantId);
  expect(await emulator.writes()).toEqual(["POST /v3/connect/custom"]);
  // Nylas can read the mailbox only if it has the mail server's current password.
  await emulator.call("GET", `/v3/grants/${String(before.grantId)}/messages?limit=1`);
  await stack.destroy();
  expect([...(await emulator.grants()), ...(await emulator.connectors())]).toEqual([]);
});
