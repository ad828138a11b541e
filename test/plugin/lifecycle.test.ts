import { expect, it } from "vitest";
import { present } from "../../tools/harness/test-emulator.js";
import { AUTHENTICATE, World } from "../engine/world.js";
import { natively } from "./natively.js";

/** It stands in no message. */
const ROTATED = "correct horse battery staple";

it("a mailbox is created, kept, rotated in place, refreshed and destroyed", () =>
  natively(async (world) => {
    const { emulator, stack } = world;
    const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
    await world.unchanged();
    const { username } = world.mailbox(0);
    await emulator.setPassword(username, ROTATED);
    world.declare({
      mailboxes: { ops: world.mailbox(0, { password: ROTATED }) },
      more: 'exports.downstream = grants.ops.grantId.apply((id) => "uses " + id);',
    });
    const preview = await stack.run("preview", "--json");
    expect(preview.code, preview.output).toBe(0);
    const { steps }: { steps: { op: string; urn: string; diffReasons?: string[] }[] } = JSON.parse(preview.stdout);
    expect(
      steps.filter(({ op }) => op !== "same").map(({ urn, diffReasons }) => [urn.split("::").at(-1), diffReasons]),
    ).toEqual([["ops", ["imapPassword"]]]);
    expect(await emulator.requests()).toEqual([]);
    await stack.up();
    expect(await emulator.writes()).toEqual([AUTHENTICATE]);
    expect(world.ids()).toEqual(before);
    await world.unchanged();
    await stack.refresh();
    expect(await emulator.writes()).toEqual([]);
    expect(world.ids()).toEqual(before);
    await stack.destroy();
    expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${present(before.ops)}`, "DELETE /v3/connectors/imap"]);
    expect(await emulator.grants()).toEqual([]);
  }));

it("a plan shows an output that has drifted as changed, and what is taken away as removed", () =>
  natively(async (world) => {
    const { emulator, stack } = world;
    const { ops } = await world.given({ mailboxes: { ops: world.mailbox(0, { args: { credentialVersion: 1 } }) } });
    await emulator.setStatus(present(ops), "invalid");
    await stack.refresh();
    world.declare({ mailboxes: { ops: world.mailbox(0) } });
    const { stdout } = await stack.run("preview", "--json");
    const { steps }: { steps: { op: string; detailedDiff?: object }[] } = JSON.parse(stdout);
    expect(steps.filter(({ op }) => op !== "same").map(({ detailedDiff }) => detailedDiff)).toEqual([
      {
        credentialVersion: { kind: "delete", inputDiff: false },
        grantStatus: { kind: "update", inputDiff: false },
      },
    ]);
    await stack.up();
    expect(await emulator.writes()).toEqual([AUTHENTICATE]);
    expect(world.ids()).toEqual({ ops });
  }));

it("a mailbox that cannot be read is saved, and the next `up` looks again", () =>
  natively(async (world) => {
    const { emulator, stack } = world;
    await emulator.faults({ method: "GET", path: "/v3/grants/*/messages", status: 403, times: 1 });
    world.declare({ mailboxes: { ops: world.mailbox(0) } });
    await world.fails(["exists and is kept"], "up");
    const before = world.ids();
    expect(Object.keys(before)).toEqual(["ops"]);
    expect(world.resource("ops").initErrors).toHaveLength(1);
    await emulator.faults();
    await emulator.forgetRequests();
    await stack.up();
    expect(world.ids()).toEqual(before);
    expect(await emulator.writes()).toEqual([]);
    await world.unchanged();
  }));

it("the function listGrants leaves out the address that Nylas does not tell", async () => {
  const world = await World.open({ behavior: { listedAddress: "null" } }, "native");
  try {
    await world.emulator.call("POST", "/v3/connectors", { provider: "imap" });
    const { id } = await world.emulator.foreignGrant(0);
    world.declare({ connector: "imap", more: 'exports.list = pulumi.runtime.invoke("nylas:index:listGrants", {});' });
    await world.stack.up();
    expect(world.stack.outputs()).toMatchObject({ list: { grants: [{ grantId: id, provider: "imap" }] } });
  } finally {
    await world.close();
  }
});

it("the functions answer, and refuse what they do not know", () =>
  natively(async (world) => {
    const { emulator, stack } = world;
    const { ops: id } = await world.given({ mailboxes: { ops: world.mailbox(0) } });
    const login = { clientId: "app", redirectUri: "https://example.com/back" };
    const calls = {
      application: ["getApplication", {}],
      connector: ["getConnector", {}],
      byId: ["getGrant", { id }],
      byEmail: ["getGrant", { email: world.mailbox(0).username }],
      list: ["listGrants", { status: "valid" }],
      login: ["hostedAuthUrl", login],
      detected: ["detectProvider", { email: world.mailbox(0).username }],
    } as const;
    const asking = (all: object) =>
      Object.entries(all).map(
        ([name, [token, args]]) =>
          `exports.${name} = pulumi.runtime.invoke("nylas:index:${token}", ${JSON.stringify(args)});`,
      );
    world.declare({ mailboxes: { ops: world.mailbox(0) }, more: asking(calls).join("\n") });
    await stack.up();
    const grant = { grantId: id, email: world.mailbox(0).username, grantStatus: "valid", provider: "imap" };
    expect(stack.outputs()).toMatchObject({
      application: { applicationId: emulator.emulator.applicationId },
      connector: { provider: "imap" },
      byId: grant,
      byEmail: grant,
      list: { grants: [grant] },
      login: { url: expect.stringContaining("/v3/connect/auth?client_id=app") },
      detected: { detected: expect.any(Boolean) },
    });
    expect(await emulator.writes()).toEqual(["POST /v3/providers/detect"]);
    const wrong = { wrong: ["getGrant", { mail: "a@b.c" }] };
    world.declare({ mailboxes: { ops: world.mailbox(0) }, more: asking(wrong).join("\n") });
    await world.fails(['"mail" is not an argument; did you mean "email"?'], "up");
  }));
