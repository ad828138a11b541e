import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Mailbox } from "../support/programs.js";
import { AUTHENTICATE, World } from "./world.js";

/** Most bytes that the state may have of one grant with names as short as these. Pulumi's positions in the program come on top. */
const MAX_GRANT_BYTES = 3_300;
const VARIABLE = "OPS_MAILBOX_PASSWORD";
const ROTATED = "a later password of ops";

let world: World;

beforeEach(async () => {
  world = await World.open();
});

afterEach(async () => {
  await world.check();
  await world.close();
});

/** The state with its secrets in clear; not by the stack's `run`, whose output must show no secret. */
async function decrypted(): Promise<string> {
  const { stack } = world;
  const args = ["stack", "export", "--show-secrets", "--stack", "first"];
  return (await promisify(execFile)("pulumi", args, { cwd: stack.directory, env: stack.env })).stdout;
}

const byReference = (): Mailbox => {
  const args = { imapPassword: undefined, imapPasswordFrom: { env: VARIABLE } };
  return { username: world.mailbox(0).username, password: "", args };
};

describe("a password", () => {
  it("that the program passes is in no plan, output or state, nor in what the engine prints with --debug", async () => {
    const { emulator, stack } = world;
    const smtpPassword = world.secret("another password for SMTP");
    const args = { smtpPassword };
    world.declare({
      mailboxes: { ops: world.mailbox(0, { args }) },
      more: "exports.properties = Object.keys(grants.ops).filter((name) => /password/i.test(name)).sort();",
    });
    await stack.run("preview", "--debug", "--diff");
    await stack.up("--debug");
    expect(stack.outputs().properties).toEqual(["imapPasswordDigest", "smtpPasswordDigest"]);
    await emulator.setPassword(world.mailbox(0).username, world.secret(ROTATED));
    world.declare({ mailboxes: { ops: world.mailbox(0, { args, password: ROTATED }) } });
    await stack.run("preview", "--debug", "--diff");
    await stack.up("--debug");
    await stack.refresh("--debug");
    expect(await world.authentications()).toBe(2);
    const state = await decrypted();
    for (const password of [world.mailbox(0).password, ROTATED, smtpPassword]) expect(state).not.toContain(password);
    // `world.check` searches what was printed.
    await world.unchanged();
  });

  it("of a grant takes little room in the state", async () => {
    await world.given({ mailboxes: { ops: world.mailbox(0) } });
    const grant = world.resource("ops");
    const { sourcePosition: _, stackTrace: __, ...stored } = grant as typeof grant & Record<string, unknown>;
    expect(JSON.stringify(stored).length).toBeLessThan(MAX_GRANT_BYTES);
  });

  it("that a transformation sets in clear is not stored either, and its digest is a secret", async () => {
    const { stack } = world;
    const { username, password } = world.mailbox(0);
    const transformed = `{ transformations: [({ props, opts }) => ({ props: { ...props, imapPassword: ${JSON.stringify(password)}, imapPasswordFrom: undefined, imapPasswordDigest: undefined }, opts })] }`;
    const ops = { ...byReference(), opts: transformed };
    world.declare({ mailboxes: { ops } });
    await stack.run("preview", "--debug", "--diff");
    await stack.up("--debug");
    expect(await world.addresses()).toEqual([username]);
    const digest = /"[\w-]{11}:[\w-]{22}\\?"/;
    expect(stack.checkpoint()).not.toMatch(digest);
    const state = await decrypted();
    expect(state).toMatch(digest);
    expect(state).not.toContain(password);
    await world.unchanged();
  });

  it("under ignoreChanges is not compared, and is asked for when the mailbox must be authenticated", async () => {
    const { emulator, stack } = world;
    const opts = '{ ignoreChanges: ["imapPassword"] }';
    const before = await world.given({ mailboxes: { ops: world.mailbox(0, { opts }) } });
    world.declare({ mailboxes: { ops: world.mailbox(0, { opts, password: "another one in the program" }) } });
    await world.unchanged();
    const args = { credentialVersion: 1 };
    world.declare({ mailboxes: { ops: world.mailbox(0, { opts, args }) } });
    const says = ["imapPassword is under ignoreChanges", "take it out of ignoreChanges"];
    await world.fails(says, "preview");
    expect(await emulator.requests()).toEqual([]);
    // Only Nylas knows of this reason to authenticate.
    world.declare({ mailboxes: { ops: world.mailbox(0, { opts }) } });
    await emulator.setStatus(before.ops ?? "", "invalid");
    await world.fails([...says, "nothing was sent"], "up", "--refresh");
    expect(await world.authentications()).toBe(0);
    world.declare({ mailboxes: { ops: world.mailbox(0, { args }) } });
    await stack.up();
    expect(world.ids()).toEqual(before);
  });
});

describe("an update plan", () => {
  it.each([
    ["in the program", (password: string) => world.mailbox(0, { password })],
    ["by reference", () => byReference()],
  ])("holds for a new mailbox and for a rotation, with the password %s", async (_, ops) => {
    const { emulator, stack } = world;
    stack.env.PULUMI_EXPERIMENTAL = "true";
    const planned = async (password: string) => {
      stack.env[VARIABLE] = password;
      world.declare({ mailboxes: { ops: ops(password) } });
      const preview = await stack.run("preview", "--save-plan", "plan.json");
      expect(preview.code, preview.output).toBe(0);
      const plan = readFileSync(join(stack.directory, "plan.json"), "utf8");
      expect(plan).not.toContain(password);
      await stack.up("--plan", "plan.json");
    };
    await planned(world.mailbox(0).password);
    const before = world.ids();
    await emulator.forgetRequests();
    await emulator.setPassword(world.mailbox(0).username, world.secret(ROTATED));
    await planned(ROTATED);
    expect(await emulator.writes()).toEqual([AUTHENTICATE]);
    expect(world.ids()).toEqual(before);
    await world.unchanged();
  });
});

/** With a preview, which `run` leaves out, and the `up` bound to it. */
async function strictUp(): Promise<string> {
  const { stack } = world;
  const args = ["up", "--strict", "--yes", "--non-interactive", "--stack", "first"];
  const config = ["--config-file", join(stack.directory, "../config/Pulumi.first.yaml")];
  return (await promisify(execFile)("pulumi", [...args, ...config], { cwd: stack.directory, env: stack.env })).stdout;
}

describe("up --strict", () => {
  it("holds for a new mailbox and for a rotation, with the password by reference", async () => {
    const { emulator, stack } = world;
    stack.env.PULUMI_EXPERIMENTAL = "true";
    stack.env[VARIABLE] = world.mailbox(0).password;
    world.declare({ mailboxes: { ops: byReference() } });
    expect(await strictUp()).toMatch(/ops +created/);
    await emulator.setPassword(world.mailbox(0).username, world.secret(ROTATED));
    stack.env[VARIABLE] = ROTATED;
    expect(await strictUp()).toMatch(/ops +updated/);
    expect(await world.authentications()).toBe(2);
  });
});

describe("the output grantId", () => {
  it("is known in the plan of a rotation, so a resource that takes it is unchanged", async () => {
    const { stack } = world;
    const withDependent = (password: string) => {
      world.declare({
        mailboxes: { ops: world.mailbox(0, { password }) },
        more: `grants.billing = new ByoImapGrant("billing", { connector, ...${JSON.stringify({
          imapUsername: world.mailbox(1).username,
          imapHost: world.emulator.imap.host,
          imapPort: world.emulator.imap.port,
          receiveOnly: true,
        })}, imapPassword: ${JSON.stringify(world.mailbox(1).password)}, credentialVersion: grants.ops.grantId });`,
      });
    };
    withDependent(world.mailbox(0).password);
    await stack.up();
    expect(world.resource("billing").inputs.credentialVersion).toBe(world.ids().ops);
    withDependent(world.secret(ROTATED));
    const { output } = await stack.run("preview", "--diff");
    expect(output).toMatch(/~ 1 to update/);
    expect(output).toMatch(/3 unchanged/);
  });

  it("is known by its name in a MailEnvironment, too, at a rotation and while another mailbox has yet to be made", async () => {
    const { stack } = world;
    const { imap, smtp } = world.emulator;
    const servers = { imapHost: imap.host, imapPort: imap.port, smtpHost: smtp.host, smtpPort: smtp.port };
    const logins = [0, 1, 2].map((index) => world.mailbox(index));
    const [ops, billing, sales] = logins.map(({ username, password }) => ({
      imapUsername: username,
      imapPassword: password,
    }));
    const withDependent = (mailboxes: Record<string, unknown>) =>
      world.declare({
        connector: "imap",
        more: `
          const { MailEnvironment } = require("pulumi-nylas-imap");
          const mail = new MailEnvironment("mail", ${JSON.stringify({ defaults: servers, mailboxes })});
          const billing = ${JSON.stringify({ ...billing, ...servers })};
          new ByoImapGrant("billing", { connector: mail.connector, ...billing, credentialVersion: mail.grantIds.ops });`,
      });
    withDependent({ ops });
    await stack.up();
    expect(world.resource("billing").inputs.credentialVersion).toBe(world.ids()["mail-ops"]);
    withDependent({ ops: { ...ops, imapPassword: world.secret(ROTATED) }, sales });
    const { output } = await stack.run("preview", "--diff");
    expect(output).toMatch(/\+ 1 to create/);
    expect(output).toMatch(/~ 1 to update/);
    expect(output).toMatch(/4 unchanged/);
  });
});
