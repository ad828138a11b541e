import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TestEmulator } from "../../../tools/harness/test-emulator.js";
import { createStack, type Stack } from "../../support/stack.js";

const root = join(import.meta.dirname, "../../..");
const names = ["ops", "billing", "support"];

let emulator: TestEmulator;
let before: string;

/** The examples' files that git tracks or would add. */
function examplesInGit(): string {
  return execFileSync("git", ["status", "--porcelain", "--", "examples"], { cwd: root, encoding: "utf8" });
}

function openExample(example: string, name?: string): Promise<Stack> {
  return createStack({
    directory: join(root, "examples", example),
    project: `nylas-${example}`,
    env: emulator.env,
    ...(name === undefined ? {} : { name }),
  });
}

/** The emulator's mailboxes, with an example's names. */
function settings(prefix: string, field: "username" | "password", of: readonly string[]): Record<string, string> {
  return Object.fromEntries(of.map((name) => [`${prefix}.${name}`, emulator.user(names.indexOf(name))[field]]));
}

async function grantIds(of: readonly string[]): Promise<Record<string, string>> {
  const ids = of.map(async (name) => {
    const grant = await emulator.grantOf(emulator.user(names.indexOf(name)).username);
    return [name, grant.id] as const;
  });
  return Object.fromEntries(await Promise.all(ids));
}

beforeAll(async () => {
  emulator = await TestEmulator.start();
});

afterAll(() => emulator.close());

beforeEach(() => {
  before = examplesInGit();
});

afterEach(() => {
  expect(examplesInGit(), "an example leaves no file behind").toBe(before);
});

describe("examples/quickstart", () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await openExample("quickstart");
    await stack.config(
      {
        imapHost: emulator.imap.host,
        imapPort: String(emulator.imap.port),
        smtpHost: emulator.smtp.host,
        smtpPort: String(emulator.smtp.port),
        ...settings("mailboxes", "username", names),
      },
      settings("passwords", "password", names),
    );
  });

  afterAll(() => stack?.remove());

  it("connects the mailboxes of its configuration, and shows where people connect their own", async () => {
    await stack.up();
    const outputs = stack.outputs();
    expect(outputs).toEqual({
      connectorId: "imap",
      grantIds: await grantIds(names),
      connectYourMailbox: expect.any(String),
    });
    const address = new URL(String(outputs.connectYourMailbox));
    expect(address.origin).toBe(emulator.emulator.apiUri);
    expect(Object.fromEntries(address.searchParams)).toMatchObject({
      client_id: emulator.emulator.applicationId,
      redirect_uri: "http://localhost:3000/oauth/exchange",
      response_type: "code",
      provider: "imap",
      options: "smtp_required",
    });
    expect((await fetch(address)).status).toBe(200);
  });

  it("changes nothing when it runs again", async () => {
    await emulator.forgetRequests();
    const { connectYourMailbox } = stack.outputs();
    await stack.up("--expect-no-changes");
    expect(await emulator.writes()).toEqual([]);
    expect(stack.outputs()).toMatchObject({ connectYourMailbox });
  });

  it("has no password in its state", async () => {
    const written = stack.printed() + stack.checkpoint();
    for (const { password } of emulator.users) expect(written.includes(password)).toBe(false);
  });

  it("leaves nothing after its destroy", async () => {
    await stack.destroy();
    expect(await emulator.grants()).toEqual([]);
    expect(await emulator.connectors()).toEqual([]);
  });
});

describe.each([
  ["dev", ["ops"]],
  ["staging", ["ops", "billing"]],
  ["prod", ["ops", "billing", "support"]],
])("examples/environments, stack %s", (name, mailboxes) => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await openExample("environments", name);
    await stack.config(
      {
        "servers.imapHost": emulator.imap.host,
        "servers.imapPort": String(emulator.imap.port),
        "servers.smtpHost": emulator.smtp.host,
        "servers.smtpPort": String(emulator.smtp.port),
        ...settings("mailboxes", "username", mailboxes),
      },
      settings("passwords", "password", mailboxes),
    );
  });

  afterAll(() => stack?.remove());

  it("connects the mailboxes that its committed file names", async () => {
    await stack.up();
    expect(await emulator.grants()).toHaveLength(mailboxes.length);
    expect(stack.outputs()).toEqual({ grantIds: await grantIds(mailboxes) });
  });

  if (name === "prod") {
    it("refuses to lose a mailbox that vanished from its configuration", async () => {
      await stack.run("config", "rm", "--path", "mailboxes.support");
      const up = await stack.run("up");
      expect(up.code).not.toBe(0);
      expect(up.output).toContain("protect");
      expect(await emulator.grants()).toHaveLength(mailboxes.length);
    });

    it("changes nothing when the mailbox is back", async () => {
      await stack.config({ "mailboxes.support": emulator.user(2).username });
      await emulator.forgetRequests();
      await stack.up("--expect-no-changes");
      expect(await emulator.writes()).toEqual([]);
    });

    it("refuses to be destroyed until it is unprotected", async () => {
      await emulator.forgetRequests();
      const refused = await stack.run("destroy");
      expect(refused.code).not.toBe(0);
      expect(refused.output).toContain("protect");
      expect(await emulator.writes()).toEqual([]);
      const unprotected = await stack.run("state", "unprotect", "--all", "--yes");
      expect(unprotected.code, unprotected.output).toBe(0);
    });
  }

  it("leaves nothing after its destroy", async () => {
    await stack.destroy();
    expect(await emulator.grants()).toEqual([]);
    expect(await emulator.connectors()).toEqual([]);
  });
});
