import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { present, TestEmulator } from "../support/emulator.js";
import { type Mailbox, program } from "../support/programs.js";
import { createStack, type Stack, type StateResource } from "../support/stack.js";

let emulator: TestEmulator;
let stack: Stack;
const secrets = new Set<string>();

/** The mailbox `ops`, by default as it stands on the mail server. */
function ops(change: Partial<Mailbox> = {}): Mailbox {
  return { ...emulator.user(0), ...change };
}

function grantIn(state: StateResource[], name: string): StateResource {
  return present(state.find(({ urn }) => urn.endsWith(`ByoImapGrant::${name}`)));
}

beforeAll(async () => {
  emulator = await TestEmulator.start();
  for (const { password } of emulator.users) secrets.add(password);
  secrets.add(emulator.emulator.apiKey);
  stack = await createStack({ env: emulator.env });
});

afterAll(async () => {
  await emulator.close();
  stack.remove();
});

beforeEach(() => emulator.forgetRequests());

describe("a mailbox, from its first up to its destroy", () => {
  let grantId: string;

  it("is planned without a write", async () => {
    stack.writeProgram(program(emulator, { mailboxes: { ops: ops() } }));
    const preview = await stack.run("preview", "--diff");
    expect(preview.code, preview.output).toBe(0);
    expect(preview.output).toContain("[secret]");
    expect(await emulator.requests()).toEqual([]);
  });

  it("is made by up: one connector, one grant, verified", async () => {
    await stack.up();
    const grant = await emulator.grantOf(ops().username);
    grantId = grant.id;
    expect(stack.outputs()).toEqual({ grantIds: { ops: grantId } });
    expect(await emulator.writes()).toEqual(["POST /v3/connectors", "POST /v3/connect/custom"]);
    expect(grant.state).toMatch(/^pulumi-nylas-imap:2:[0-9a-f]{32}:[0-9a-f]{32}:[0-9a-f]{16}:created$/);

    const resource = grantIn(stack.resources(), "ops");
    expect(resource.id).toBe(grantId);
    expect(resource.type).toBe("pulumi-nodejs:dynamic/nylas:ByoImapGrant");
    expect(resource.outputs).toMatchObject({
      grantId,
      email: ops().username,
      grantStatus: "valid",
      adopted: false,
      applicationId: emulator.emulator.applicationId,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it("is left alone by a second up, and by a preview, without any request", async () => {
    const up = await stack.up("--expect-no-changes");
    expect(up.output).toContain("unchanged");
    expect(await emulator.requests()).toEqual([]);
  });

  it("keeps its grant when the password changes", async () => {
    await emulator.setPassword(ops().username, "a rotated password");
    secrets.add("a rotated password");
    stack.writeProgram(program(emulator, { mailboxes: { ops: ops({ password: "a rotated password" }) } }));
    await stack.up();
    expect(stack.outputs()).toEqual({ grantIds: { ops: grantId } });
    expect(await emulator.writes()).toEqual(["POST /v3/connect/custom"]);
  });

  it("keeps its grant and its old credentials when the next password is wrong, and asks once", async () => {
    secrets.add("mistyped-password");
    stack.writeProgram(program(emulator, { mailboxes: { ops: ops({ password: "mistyped-password" }) } }));
    const up = await stack.run("up");
    expect(up.code).not.toBe(0);
    expect(up.output).toContain("invalid_credentials");
    expect(up.output).toContain(`grant ${grantId} was not changed`);
    expect(await emulator.writes()).toEqual(["POST /v3/connect/custom"]);
    expect((await emulator.grantOf(ops().username)).grant_status).toBe("valid");

    stack.writeProgram(program(emulator, { mailboxes: { ops: ops({ password: "a rotated password" }) } }));
    await stack.up("--expect-no-changes");
  });

  it("keeps its grant when the host changes", async () => {
    const mailboxes = { ops: ops({ password: "a rotated password", args: { imapHost: "localhost" } }) };
    stack.writeProgram(program(emulator, { mailboxes }));
    await stack.up();
    expect(stack.outputs()).toEqual({ grantIds: { ops: grantId } });
    expect(await emulator.writes()).toEqual(["POST /v3/connect/custom"]);
  });

  it("shows as drift when Nylas calls it invalid, and is healed with the same id", async () => {
    await emulator.setStatus(grantId, "invalid");
    const preview = await stack.run("preview", "--refresh");
    expect(preview.output).toMatch(/ops\s+update/);
    const refresh = await stack.refresh();
    expect(refresh.output).toContain("1 updated");
    await stack.up();
    const grant = await emulator.grantOf(ops().username);
    expect(grant).toMatchObject({ id: grantId, grant_status: "valid" });
    expect(await emulator.writes()).toEqual(["POST /v3/connect/custom"]);
    await stack.up("--expect-no-changes");
  });

  it("changes no flag without the state knowing, and sends nothing for it", async () => {
    const args = { imapHost: "localhost", deleteAdopted: true, onExisting: "adopt" };
    stack.writeProgram(program(emulator, { mailboxes: { ops: ops({ password: "a rotated password", args }) } }));
    await stack.up();
    expect(await emulator.requests()).toEqual([]);
    expect(grantIn(stack.resources(), "ops").outputs).toMatchObject({
      deleteAdopted: true,
      onExisting: "adopt",
    });
  });

  it("is made again when it was deleted outside, after a refresh", async () => {
    await emulator.call("DELETE", `/v3/grants/${grantId}`);
    const up = await stack.run("up");
    expect(up.code, "a state that knows nothing of the deletion plans nothing").toBe(0);
    const refresh = await stack.refresh();
    expect(refresh.output).toContain("deleted outside of Pulumi");
    await stack.up();
    const grant = await emulator.grantOf(ops().username);
    expect(grant.id).not.toBe(grantId);
    grantId = grant.id;
  });

  it("gets another id by the user's own --replace: deleted first, then made", async () => {
    const { urn } = grantIn(stack.resources(), "ops");
    await stack.up("--replace", urn);
    expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${grantId}`, "POST /v3/connect/custom"]);
    const grants = await emulator.grants();
    expect(grants).toHaveLength(1);
    expect(grants[0]?.id).not.toBe(grantId);
  });

  it("is replaced when the address changes", async () => {
    const before = await emulator.grantOf(ops().username);
    stack.writeProgram(program(emulator, { mailboxes: { ops: emulator.user(1) } }));
    const preview = await stack.run("preview");
    expect(preview.output).toContain("replace");
    await stack.up();
    expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${before.id}`, "POST /v3/connect/custom"]);
    expect((await emulator.grants()).map(({ email }) => email)).toEqual([emulator.user(1).username]);
  });

  it("can be referred to with .get, in preview and up, and is not deleted with the reference", async () => {
    const grant = await emulator.grantOf(emulator.user(1).username);
    const other = await createStack({ env: emulator.env, name: "reader" });
    const reader = (id: string) =>
      program(emulator, { connector: "imap", more: `grants.read = ByoImapGrant.get("read", ${JSON.stringify(id)});` });
    other.writeProgram(reader(grant.id));
    await other.up();
    expect(other.outputs()).toEqual({ grantIds: { read: grant.id } });
    await other.destroy();
    expect((await emulator.grants()).map(({ id }) => id)).toContain(grant.id);
    expect(await emulator.writes()).toEqual([]);

    other.writeProgram(reader("6e0f4a3e-0000-4000-8000-000000000000"));
    const missing = await other.run("up");
    expect(missing.code).not.toBe(0);
    expect(missing.output).toContain("no such grant");
    other.remove();
  });

  it("is destroyed with its connector, the grant first", async () => {
    const grant = await emulator.grantOf(emulator.user(1).username);
    await stack.destroy();
    expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${grant.id}`, "DELETE /v3/connectors/imap"]);
    expect(await emulator.grants()).toEqual([]);
    expect(await emulator.connectors()).toEqual([]);
  });

  it("has shown none of its secrets anywhere", async () => {
    const written = stack.printed() + stack.checkpoint();
    for (const secret of secrets) {
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")]) {
        expect(written.includes(form)).toBe(false);
      }
    }
  });
});

it("a grant is made in its connector's application, and changes nothing when that is named as well", async () => {
  const other = await TestEmulator.start();
  const { apiKey, apiUri, applicationId } = other.emulator;
  const env = { NYLAS_API_KEY: "", NYLAS_B_API_KEY: apiKey, NYLAS_B_API_URI: apiUri };
  const elsewhere = await createStack({ env });
  const connector = { application: "nylas-b" };
  elsewhere.writeProgram(program(other, { connector, mailboxes: { ops: other.user(0) } }));
  await elsewhere.up();
  expect(grantIn(elsewhere.resources(), "ops").outputs).toMatchObject({ applicationId });
  const named = { ...other.user(0), args: connector };
  elsewhere.writeProgram(program(other, { connector, mailboxes: { ops: named } }));
  await elsewhere.up("--expect-no-changes");
  await elsewhere.destroy();
  expect(await other.grants()).toEqual([]);
  elsewhere.remove();
  await other.close();
});
