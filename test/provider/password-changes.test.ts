import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { grantLifecycle } from "../../provider/src/core/grant/lifecycle.js";
import type { Values } from "../../provider/src/core/properties/values.js";
import { type ResourceServer, serveResource } from "../../provider/src/core/resource-server.js";
import { TestEmulator } from "../../tools/harness/test-emulator.js";
import { here } from "../support/here.js";

const LATER = "a later password";
const LATEST = "the latest password";

let emulator: TestEmulator;
let server: ResourceServer;
let directory: string;
let file: string;
let earlier: string;

beforeEach(async () => {
  emulator = await TestEmulator.start();
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  directory = mkdtempSync(join(tmpdir(), "password-"));
  file = join(directory, "password");
  earlier = emulator.user(0).password;
  writeFileSync(file, earlier);
  server = serveResource(grantLifecycle, { ...here(), settingsEnv: emulator.env, notesDirectory: directory });
});

afterEach(async () => {
  await emulator.close();
  rmSync(directory, { recursive: true, force: true });
});

function declared(change: Values = {}): Values {
  return {
    imapUsername: emulator.user(0).username,
    imapPasswordFrom: { file },
    imapHost: emulator.imap.host,
    imapPort: emulator.imap.port,
    receiveOnly: true,
    verify: false,
    owner: "0a",
    stack: "0b",
    ...change,
  };
}

/** What `check` makes of the arguments, with the inputs of the last run. */
async function planned(olds: Values, change?: Values): Promise<Values> {
  const { inputs, failures } = await server.check(olds, declared(change));
  expect(failures).toEqual([]);
  return inputs;
}

/** The password is changed at the mail server and in the file. */
async function change(password: string): Promise<void> {
  await emulator.setPassword(emulator.user(0).username, password);
  writeFileSync(file, password);
}

it("a password that changes between the check and the creation is the one that the state knows", async () => {
  const inputs = await planned({});
  await change(LATER);
  const { id, outs } = await server.create(inputs);
  expect(await server.diff(id, outs, await planned(inputs))).toMatchObject({ changed: [] });
  await change(LATEST);
  expect(await server.diff(id, outs, await planned(inputs))).toMatchObject({ changed: ["imapPasswordFrom"] });
});

it("a password that changes between the check and the update is the one that the state knows", async () => {
  const first = await planned({});
  const { id, outs: made } = await server.create(first);
  const inputs = await planned(first, { credentialVersion: 2 });
  await change(LATER);
  await emulator.forgetRequests();
  const outs = await server.update(id, made, inputs);
  expect(await emulator.writes()).toEqual(["POST /v3/connect/custom"]);
  expect(await server.diff(id, outs, await planned(inputs, { credentialVersion: 2 }))).toMatchObject({ changed: [] });
  // The earlier password is not the one that was sent, although the last plan had it.
  await change(earlier);
  expect(await server.diff(id, outs, await planned(inputs, { credentialVersion: 2 }))).toMatchObject({
    changed: ["imapPasswordFrom"],
  });
});
