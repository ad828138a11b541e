import { createHmac } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { present, TestEmulator, type WireGrant } from "../../tools/harness/test-emulator.js";
import { program } from "../support/programs.js";
import { createStack, type Stack, type StateResource } from "../support/stack.js";

/**
 * Exported states, with placeholders for values that differ between runs: of each release, and of builds between releases whose
 * states people have. Never edit them.
 */
const directory = join(import.meta.dirname, "released-states");
/** The environment variable and the salt in the state of a password by reference. */
const VARIABLE = "OPS_PASSWORD";
const SALT = "86425d56146303dd2a0285db5ff15335";

let emulator: TestEmulator;
let stack: Stack;
let grant: WireGrant;
let byReference: boolean;

function resource(): StateResource {
  return present(stack.resources().find(({ urn }) => urn.endsWith("::ops")));
}

/** The program that wrote the states, and its password where it belongs. */
function declare({ username, password }: { username: string; password: string }, more: object = {}): void {
  const source = byReference ? { imapPassword: undefined, imapPasswordFrom: { env: VARIABLE } } : {};
  const args = { ...source, ...more };
  stack.env[VARIABLE] = password;
  stack.writeProgram(
    program(emulator, { connector: { name: "mail" }, mailboxes: { ops: { username, password, args } } }),
  );
}

beforeEach(async () => {
  emulator = await TestEmulator.start();
  stack = await createStack({ env: emulator.env, project: "migration" });
});

afterEach(async () => {
  await emulator.close();
  stack.remove();
});

describe.each(readdirSync(directory))("state written by %s", (file) => {
  beforeEach(async () => {
    const text = readFileSync(join(directory, file), "utf8");
    byReference = text.includes(VARIABLE);
    const marker = /"marker": "([^"]+)"/.exec(text)?.[1];
    await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "mail" });
    grant = await emulator.foreignGrant(0, present(marker));
    const values: Record<string, string | number> = {
      GRANT_ID: grant.id,
      APPLICATION_ID: emulator.emulator.applicationId,
      PASSWORD: emulator.user(0).password,
      DIGEST: `${SALT}:${createHmac("sha256", SALT).update(emulator.user(0).password).digest("hex")}`,
      IMAP_PORT: emulator.imap.port,
      SMTP_PORT: emulator.smtp.port,
    };
    const filled = text
      .replaceAll(/"\{\{(\w+_PORT)\}\}"/g, (_, name: string) => String(values[name]))
      .replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name]));
    // The engine encrypts an imported state with the secrets provider that it names, so name this stack's.
    const imported = JSON.parse(filled);
    imported.deployment.secrets_providers = JSON.parse(stack.checkpoint()).checkpoint.latest.secrets_providers;
    const path = join(stack.directory, "state.json");
    writeFileSync(path, JSON.stringify(imported));
    declare(emulator.user(0));
    const done = await stack.run("stack", "import", "--file", path);
    expect(done.code, done.output).toBe(0);
    await emulator.forgetRequests();
  });

  it("is refreshed without a change, planned without one, and rotated with the same grant", async () => {
    await stack.refresh("--expect-no-changes");
    await stack.up("--expect-no-changes");
    expect(await emulator.writes()).toEqual([]);
    expect(resource().inputs).not.toHaveProperty("imapPassword");

    const { username } = emulator.user(0);
    await emulator.setPassword(username, "a later password");
    declare({ username, password: "a later password" });
    await stack.up();
    expect(await emulator.writes()).toEqual(["POST /v3/connect/custom"]);
    expect((await emulator.grantOf(username)).id).toBe(grant.id);
    expect(resource().outputs).not.toHaveProperty("imapPassword");
    expect(resource().outputs).toHaveProperty("imapPasswordDigest");
  });

  it("loses its password at an update that sends no request", async () => {
    declare(emulator.user(0), { verify: false });
    await stack.up();
    expect(await emulator.requests()).toEqual([]);
    expect(resource().outputs).not.toHaveProperty("imapPassword");
    await stack.refresh("--expect-no-changes");
    await stack.up("--expect-no-changes");
  });

  it("is destroyed without its program", async () => {
    stack.writeProgram("throw new Error('the program is not run')");
    await stack.destroy();
    expect(await emulator.grants()).toEqual([]);
    expect(await emulator.connectors()).toEqual([]);
  });
});
