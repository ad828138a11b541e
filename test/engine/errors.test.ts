import { createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TestEmulator } from "../support/emulator.js";
import { type Mailbox, type ProgramOptions, program } from "../support/programs.js";
import { createStack, type Finished, type Stack } from "../support/stack.js";

let emulator: TestEmulator;
let stack: Stack;

// Each test has an emulator and a stack of its own: a failed run of one leaves nothing for the next to stumble over.
beforeEach(async () => {
  emulator = await TestEmulator.start();
  stack = await createStack({ env: emulator.env });
});

afterEach(async () => {
  await emulator.close();
  stack.remove();
});

/** A port that nothing listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve, reject) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("no port"));
      else resolve(address.port);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const ops = (change: Partial<Mailbox> = {}): Mailbox => ({ ...emulator.user(0), ...change });

/** Runs `up`, which must fail, tells all its errors in the text, and leaves no secret in it. */
async function failingUp(stack: Stack, options: ProgramOptions): Promise<Finished> {
  stack.writeProgram(program(emulator, options));
  const up = await stack.run("up");
  expect(up.code, up.output).not.toBe(0);
  for (const { password } of Object.values(options.mailboxes ?? {})) {
    if (password !== "") expect(up.output).not.toContain(password);
  }
  expect(up.output).not.toContain(emulator.emulator.apiKey);
  expect(up.output, "no stack trace of ours").not.toMatch(/\n\s+at .*provider\/dist/);
  return up;
}

/** The next correct `up` ends with what was declared, once. */
async function converges(stack: Stack): Promise<void> {
  stack.writeProgram(program(emulator, { mailboxes: { ops: ops() } }));
  await stack.up();
  expect((await emulator.grants()).map(({ email }) => email)).toEqual([ops().username]);
  expect(await emulator.connectors()).toHaveLength(1);
  await stack.up("--expect-no-changes");
  await stack.destroy();
}

describe("before any request", () => {
  afterEach(async () => {
    expect(await emulator.writes()).toEqual([]);
  });

  it("wrong arguments are named, all at once, and secrets are not shown", async () => {
    const args = { imapHost: "imaps://imap.example.com:993", imapPort: 99_999, colour: "blue" };
    const up = await failingUp(stack, {
      connector: "imap",
      mailboxes: { ops: ops({ username: "ops team", password: "line\nbreak", args }) },
    });
    expect(up.output).toContain("imapUsername must be an e-mail address");
    expect(up.output).toContain("imapHost must be a host name without a scheme");
    expect(up.output).toContain("imapPort must be from 1 to 65535");
    expect(up.output).toContain("imapPassword must not contain a line break");
    expect(up.output).toContain('"colour" is not an argument');
    expect(up.output).not.toContain("line\\nbreak");
  });

  it("missing arguments are named without a value that is not there", async () => {
    const args = { imapHost: undefined, imapUsername: null, smtpHost: undefined, smtpPort: undefined };
    const up = await failingUp(stack, { connector: "imap", mailboxes: { ops: ops({ args }) } });
    for (const name of ["imapHost", "imapUsername", "smtpHost"]) expect(up.output).toContain(`${name} is required`);
    expect(up.output).not.toMatch(/nil|value \{/);
  });

  it("an address that ends in /v3 is refused in the plan, with the one to give", async () => {
    const env = { ...emulator.env, NYLAS_API_URI: `${emulator.emulator.apiUri}/v3` };
    const wrong = await createStack({ env });
    wrong.writeProgram(program(emulator, { mailboxes: { ops: ops() } }));
    const preview = await wrong.run("preview");
    expect(preview.code, preview.output).not.toBe(0);
    expect(preview.output).toContain('Reading the configuration namespace "nylas": nylas:apiUri must not end in /v3');
    expect(preview.output).toContain("leave /v3 out");
    wrong.remove();
  });

  it("an application that contradicts the connector's is named in the plan", async () => {
    const args = { application: "nylas-b" };
    stack.writeProgram(program(emulator, { mailboxes: { ops: ops({ args }) } }));
    const preview = await stack.run("preview");
    expect(preview.code, preview.output).not.toBe(0);
    expect(preview.output).toContain('its application is "nylas-b", but its connector is of "nylas"');
    expect(preview.output, "no stack trace of ours").not.toMatch(/\n\s+at .*provider\/dist/);
  });

  it("a mailbox of an environment without a password is named, and nothing is made", async () => {
    const { username, password } = ops();
    stack.writeProgram(`
      const { MailEnvironment } = require("pulumi-nylas-imap");
      const mailboxes = { ops: { imapUsername: ${JSON.stringify(username)}, imapPassword: ${JSON.stringify(password)} },
        sales: { imapUsername: "sales@example.com" } };
      new MailEnvironment("mail", { defaults: { imapHost: "127.0.0.1", receiveOnly: true }, mailboxes });`);
    const up = await stack.run("up");
    expect(up.code, up.output).not.toBe(0);
    expect(up.output).toContain('Declaring MailEnvironment "mail": mailboxes.sales.imapPassword is undefined');
    expect(up.output).not.toContain(password);
    expect(up.output, "no stack trace of ours").not.toMatch(/\n\s+at .*provider\/dist/);
    expect(await emulator.requests()).toEqual([]);
  });

  it("a missing key is explained in both ways", async () => {
    const bare = await createStack({ env: { ...emulator.env, NYLAS_API_KEY: "" } });
    const up = await failingUp(bare, { mailboxes: { ops: ops() } });
    expect(up.output).toContain("pulumi config set --secret nylas:apiKey");
    expect(up.output).toContain("NYLAS_API_KEY");
    bare.remove();
  });

  it("a key that is configured in clear is refused with the command that mends it", async () => {
    const plain = await createStack();
    await plain.config({ "nylas:apiKey": "nyk_in_clear", "nylas:apiUri": emulator.emulator.apiUri });
    const up = await failingUp(plain, { mailboxes: { ops: ops() } });
    expect(up.output).toContain("pulumi config set --secret nylas:apiKey");
    expect(up.output).not.toContain("nyk_in_clear");
    plain.remove();
  });

  it("a key that is configured in clear is refused by a program that only looks up", async () => {
    const plain = await createStack();
    await plain.config({ "nylas:apiKey": "nyk_in_clear", "nylas:apiUri": emulator.emulator.apiUri });
    plain.writeProgram('exports.application = require("pulumi-nylas-imap").getApplicationOutput().applicationId;');
    const up = await plain.run("up");
    expect(up.code, up.output).not.toBe(0);
    expect(up.output).toContain("pulumi config set --secret nylas:apiKey");
    expect(up.output).not.toContain("nyk_in_clear");
    expect(up.output, "no stack trace of ours").not.toMatch(/\n\s+at .*provider\/dist/);
    expect(await emulator.requests()).toEqual([]);
    plain.remove();
  });
});

describe("from Nylas and the mail servers", () => {
  it("a wrong password is refused once, and the next up converges", async () => {
    await emulator.forgetRequests();
    const up = await failingUp(stack, { mailboxes: { ops: ops({ password: "not-the-password" }) } });
    expect(up.output).toContain("invalid_credentials");
    expect(up.output).toContain(`Authenticating mailbox ${ops().username}`);
    expect(up.output).toMatch(/request id: [0-9a-f-]{36}/);
    expect(up.output).toMatch(/next: .*app password/);
    expect(await emulator.writes()).toEqual(["POST /v3/connectors", "POST /v3/connect/custom"]);
    await converges(stack);
  });

  it("a mail host that does not answer is named", async () => {
    const args = { imapPort: await closedPort() };
    const up = await failingUp(stack, { mailboxes: { ops: ops({ args }) } });
    expect(up.output).toContain("provider_not_responding");
    expect(up.output).toContain(`${emulator.imap.host}:${args.imapPort}`);
    await converges(stack);
  });

  it("an existing connector is left alone, or adopted and left at destroy", async () => {
    await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "by hand" });
    const up = await failingUp(stack, { mailboxes: {} });
    expect(up.output).toContain("connector_exists");
    expect(up.output).toContain('onExisting: "adopt"');
    stack.writeProgram(program(emulator, { connector: { onExisting: "adopt" } }));
    await stack.up();
    await stack.destroy();
    expect(await emulator.connectors()).toMatchObject([{ provider: "imap", name: "by hand" }]);
    await emulator.call("DELETE", "/v3/connectors/imap");
  });

  it("an existing grant is left alone, or adopted and left at destroy", async () => {
    await emulator.call("POST", "/v3/connectors", { provider: "imap" });
    const foreign = await emulator.foreignGrant(0, "somebody else's");
    const up = await failingUp(stack, { connector: "imap", mailboxes: { ops: ops() } });
    expect(up.output).toContain("grant_exists");
    expect(up.output).toContain(foreign.id);
    expect(up.output).toMatch(/adopt.*ByoImapGrant\.get.*delete/s);
    expect(await emulator.grantOf(ops().username)).toEqual(foreign);

    stack.writeProgram(
      program(emulator, { connector: "imap", mailboxes: { ops: ops({ args: { onExisting: "adopt" } }) } }),
    );
    await stack.up();
    expect(stack.outputs()).toEqual({ grantIds: { ops: foreign.id } });
    await stack.up("--expect-no-changes");
    await stack.destroy();
    expect((await emulator.grantOf(ops().username)).id).toBe(foreign.id);
    await emulator.call("DELETE", `/v3/grants/${foreign.id}`);
    await emulator.call("DELETE", "/v3/connectors/imap");
  });

  it("a missing connector is named", async () => {
    const up = await failingUp(stack, { connector: "imap", mailboxes: { ops: ops() } });
    expect(up.output).toContain("connector_missing");
    await converges(stack);
  });

  it("a connector with somebody else's grant is not deleted, unless forced", async () => {
    stack.writeProgram(program(emulator));
    await stack.up();
    const foreign = await emulator.foreignGrant(1);
    const destroy = await stack.run("destroy");
    expect(destroy.code).not.toBe(0);
    expect(destroy.output).toContain("connector_in_use");
    expect(destroy.output).toContain("1 grant hangs on it");
    expect(await emulator.connectors()).toHaveLength(1);
    stack.writeProgram(program(emulator, { connector: { forceDelete: true } }));
    await stack.up();
    await stack.destroy();
    expect(await emulator.connectors()).toEqual([]);
    await emulator.call("DELETE", `/v3/grants/${foreign.id}`);
  });

  it("an API that cannot be reached is named, and nothing is lost", async () => {
    const uri = `http://127.0.0.1:${await closedPort()}`;
    const cut = await createStack({ env: { ...emulator.env, NYLAS_API_URI: uri } });
    const up = await failingUp(cut, { mailboxes: { ops: ops() } });
    expect(up.output).toContain("nylas_unavailable");
    expect(up.output).toContain(uri);
    cut.remove();
  });

  it("another application's key changes nothing, and a 404 under it is not believed", async () => {
    stack.writeProgram(program(emulator, { mailboxes: { ops: ops() } }));
    await stack.up();
    const grantId = (await emulator.grantOf(ops().username)).id;
    const other = await TestEmulator.start();
    await stack.config({ "nylas:apiUri": other.emulator.apiUri }, { "nylas:apiKey": other.emulator.apiKey });
    await stack.up("--expect-no-changes");

    const mailboxes = { ops: ops({ args: { imapHost: "localhost" } }) };
    for (const attempt of [
      () => stack.run("refresh"),
      () => stack.run("destroy"),
      () => failingUp(stack, { mailboxes }),
    ]) {
      const finished = await attempt();
      expect(finished.code).not.toBe(0);
      expect(finished.output).toContain("wrong_application");
      expect(finished.output).toContain(emulator.emulator.applicationId);
      expect(stack.resources().map(({ id }) => id)).toContain(grantId);
    }
    expect(await other.writes()).toEqual([]);
    await stack.config({ "nylas:apiUri": emulator.emulator.apiUri }, { "nylas:apiKey": emulator.emulator.apiKey });
    await stack.up();
    expect(stack.outputs()).toEqual({ grantIds: { ops: grantId } });
    await other.close();
  });

  it("a key of another application than the configured one is refused before anything is made", async () => {
    await stack.config({ "nylas:applicationId": "00000000-0000-4000-8000-000000000000" });
    const up = await failingUp(stack, { mailboxes: { ops: ops() } });
    expect(up.output).toContain("wrong_application");
    expect(await emulator.writes()).toEqual([]);
  });

  it("a refused key names the region as a cause, and gives way to the environment's", async () => {
    const keyed = await createStack({ env: { NYLAS_API_URI: emulator.emulator.apiUri } });
    await keyed.config({}, { "nylas:apiKey": "nyk_revoked_or_elsewhere" });
    const up = await failingUp(keyed, { mailboxes: { ops: ops() } });
    expect(up.output).toContain("api_key_refused");
    expect(up.output).toContain("region");
    expect(up.output).not.toContain("nyk_revoked");
    expect(await emulator.writes()).toEqual([]);
    keyed.remove();

    await stack.config({}, { "nylas:apiKey": "nyk_revoked_or_elsewhere" });
    stack.writeProgram(program(emulator, { mailboxes: { ops: ops() } }));
    await stack.up();
    await stack.destroy();
    expect(await emulator.grants()).toEqual([]);
  });
});
