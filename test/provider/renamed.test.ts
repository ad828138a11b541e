import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { grantLifecycle } from "../../provider/src/core/grant/lifecycle.js";
import type { Values } from "../../provider/src/core/properties/values.js";
import { type ResourceServer, serveResource } from "../../provider/src/core/resource-server.js";
import { runFor } from "../../provider/src/core/session.js";
import { readSettings } from "../../provider/src/settings.js";
import { present, TestEmulator } from "../../tools/harness/test-emulator.js";
import { here } from "../support/here.js";

const AUTHENTICATE = "POST /v3/connect/custom";
/** Digests of names. */
const [OPS, MAIL, STACK, OTHER_STACK] = ["0a", "0b", "0c", "0d"];

let emulator: TestEmulator;
let notesDirectory: string;
let lastInputs: Values;

beforeEach(async () => {
  emulator = await TestEmulator.start();
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  lastInputs = {};
  notesDirectory = mkdtempSync(join(tmpdir(), "renamed-"));
});

afterEach(async () => {
  await emulator.close();
  rmSync(notesDirectory, { recursive: true, force: true });
});

/** A provider process of its own: each has other settings. `end` is what happens when its engine ends. */
let processes = 0;
function newProcess(): { server: ResourceServer; end: () => void } {
  processes += 1;
  const settingsEnv = { ...emulator.env, NYLAS_REQUESTS_PER_SECOND: String(1_000 - processes) };
  const host = { ...here(), settingsEnv, notesDirectory };
  const run = runFor(readSettings("nylas", host.config, settingsEnv), host);
  return { server: serveResource(grantLifecycle, host), end: () => run.unsaved.removeReturned() };
}

/** The inputs of a mailbox after a check, which knows the digests of the last run. */
async function inputs(server: ResourceServer, names: Values, change: Values = {}, user = 0): Promise<Values> {
  const { username, password } = emulator.user(user);
  const declared = {
    ...{ imapUsername: username, imapPassword: password, imapHost: emulator.imap.host, imapPort: emulator.imap.port },
    ...{ receiveOnly: true, verify: false, ...names, ...change },
  };
  const { inputs: checked, failures } = await server.check(lastInputs, declared);
  expect(failures).toEqual([]);
  if (user === 0) lastInputs = checked;
  return checked;
}

/** Creates the grant of `ops` in a run that ends well. */
async function made(): Promise<{ id: string; outs: Values }> {
  const { server, end } = newProcess();
  const created = await server.create(await inputs(server, { owner: OPS, stack: STACK }));
  end();
  await emulator.forgetRequests();
  return created;
}

describe("a resource that is renamed within its stack", () => {
  const renamed = { owner: MAIL, stack: STACK };

  it("sends nothing, and its marker has the new name from the next authentication on", async () => {
    const { id, outs } = await made();
    const { server } = newProcess();
    const news = await inputs(server, renamed);
    expect(await server.diff(id, outs, news)).toMatchObject({ changed: ["owner"], replaces: [] });
    const updated = await server.update(id, outs, news);
    expect(await emulator.requests()).toEqual([]);
    expect(updated).toMatchObject({ owner: MAIL, marker: outs.marker });
    const again = await server.update(id, updated, await inputs(server, renamed, { credentialVersion: 2 }));
    expect(await emulator.writes()).toEqual([AUTHENTICATE]);
    expect(again.marker).toBe(String(outs.marker).replace(`:${OPS}:`, `:${MAIL}:`));
    await newProcess().server.delete(id, again);
    expect(await emulator.grants()).toEqual([]);
  });

  it("goes on if the run that has written the new name into the marker was cut off, and without notes too", async () => {
    const { id, outs } = await made();
    const { server } = newProcess();
    await server.update(id, outs, await inputs(server, renamed, { credentialVersion: 2 }));
    rmSync(notesDirectory, { recursive: true, force: true });
    const { server: next } = newProcess();
    expect(await next.read(id, outs)).not.toMatchObject({ outs: { heldElsewhere: true } });
    await next.update(id, outs, await inputs(next, renamed, { credentialVersion: 2 }));
    const { server: last } = newProcess();
    await last.delete(id, outs);
    expect(await emulator.grants()).toEqual([]);
  });

  it("leaves its old name to another resource, which does not get the grant", async () => {
    const { id, outs } = await made();
    const { server } = newProcess();
    const news = await inputs(server, renamed);
    await server.diff(id, outs, news);
    await server.update(id, outs, news);
    const { server: next } = newProcess();
    const sameMailbox = await inputs(next, { owner: OPS, stack: STACK });
    await expect(next.create(sameMailbox)).rejects.toThrow(
      "nothing here shows that a run of this resource was interrupted",
    );
    expect(await emulator.writes()).toEqual([]);
  });

  it("does not take the evidence of a new resource of its old name, whose answer gets lost in the same run", async () => {
    const { id, outs } = await made();
    const { server, end } = newProcess();
    const news = await inputs(server, renamed);
    const other = await inputs(server, { owner: OPS, stack: STACK }, {}, 1);
    await emulator.faults({ method: "POST", path: "/v3/connect/custom", reset: true, afterEffect: true });
    await expect(server.create(other)).rejects.toThrow("(nylas_unavailable)");
    await server.update(id, outs, news);
    end();
    await emulator.faults();
    expect(await emulator.grants()).toHaveLength(2);
    const { server: next } = newProcess();
    expect(await next.create(other)).toMatchObject({ outs: { adopted: false } });
    expect(await emulator.grants()).toHaveLength(2);
  });
});

it("a grant stays that the program declares under a name which could not take it, as in a run that continues on errors", async () => {
  const { id, outs } = await made();
  const { server } = newProcess();
  lastInputs = {};
  await expect(server.create(await inputs(server, { owner: MAIL, stack: STACK }))).rejects.toThrow("grant_exists");
  await expect(server.delete(id, outs)).rejects.toThrow("the program declares this mailbox as another resource");
  expect(await emulator.writes()).toEqual([]);
  // Without the other resource, it goes.
  await newProcess().server.delete(id, outs);
  expect(await emulator.grants()).toEqual([]);
});

it("a grant stays that has left the program, as far as a run knows that has failed at another resource", async () => {
  const { id, outs } = await made();
  const { server } = newProcess();
  const other = await inputs(server, { owner: MAIL, stack: STACK }, { imapPassword: "mistyped" }, 1);
  await expect(server.create(other)).rejects.toThrow("invalid_credentials");
  await expect(server.delete(id, outs)).rejects.toThrow("may not have been seen whole");
  expect(await emulator.grants()).toMatchObject([{ id }]);
});

it("a resource that is renamed and gets another mailbox in one run gives up its grant, whatever fails beside it", async () => {
  const { id, outs } = await made();
  const { server } = newProcess();
  const before = lastInputs;
  const failing = await inputs(server, { owner: "0e", stack: STACK }, { imapPassword: "mistyped" }, 2);
  const { username: imapUsername, password: imapPassword } = emulator.user(1);
  lastInputs = before;
  const news = await inputs(server, { owner: MAIL, stack: STACK }, { imapUsername, imapPassword });
  expect((await server.diff(id, outs, news)).replaces).toEqual(["imapUsername"]);
  await expect(server.create(failing)).rejects.toThrow("invalid_credentials");
  await server.delete(id, outs);
  expect(await emulator.grants()).toEqual([]);
});

it("a grant that this stack made is this stack's, though the answer to its new name's take-over was lost", async () => {
  const { id } = await made();
  lastInputs = {};
  const adopting = { onExisting: "adopt" };
  const renamed = { owner: MAIL, stack: STACK };
  const { server } = newProcess();
  await emulator.faults({ method: "POST", path: "/v3/connect/custom", status: 504, afterEffect: true });
  await expect(server.create(await inputs(server, renamed, adopting))).rejects.toThrow("HTTP 504");
  await emulator.faults();
  const { server: next } = newProcess();
  expect(await next.create(await inputs(next, renamed, adopting))).toMatchObject({ id, outs: { adopted: false } });
});

it("a resource that is renamed and replaced by force gives up its grant", async () => {
  const { id, outs } = await made();
  const { server } = newProcess();
  lastInputs = {};
  await inputs(server, { owner: MAIL, stack: STACK });
  await server.delete(id, outs);
  expect(await emulator.grants()).toEqual([]);
});

it("a resource that has left the program goes, where another one has failed and was made then", async () => {
  const { id, outs } = await made();
  const { server } = newProcess();
  const other = await inputs(server, { owner: MAIL, stack: STACK }, {}, 1);
  await emulator.faults({ method: "POST", path: "/v3/connect/custom", retryAfter: 3_600 });
  await expect(server.create(other)).rejects.toThrow("rate_limited");
  await emulator.faults();
  await server.create(other);
  await server.delete(id, outs);
  expect(await emulator.grants()).toHaveLength(1);
});

it("a resource with a log-in name does not find the grant of one that had its name before", async () => {
  const [ann, bob] = ["ann", "bob"].map((username) => ({ username, password: "correct horse" }));
  await emulator.close();
  emulator = await TestEmulator.start({ users: [present(ann), present(bob)] });
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  const { id, outs } = await made();
  const { server } = newProcess();
  const renamed = await inputs(server, { owner: MAIL, stack: STACK });
  await server.diff(id, outs, renamed);
  const other = await server.create(await inputs(server, { owner: OPS, stack: STACK }, {}, 1));
  expect(other.id).not.toBe(id);
  expect(other.outs).toMatchObject({ adopted: false });
});

it("a copy under another name does not get a grant that the program has, and that Nylas's list does not show yet", async () => {
  await emulator.close();
  emulator = await TestEmulator.start({ behavior: { newGrantLagSeconds: "60" } });
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  const { id, outs } = await made();
  const { server } = newProcess();
  await server.diff(id, outs, await inputs(server, { owner: OPS, stack: STACK }));
  lastInputs = {};
  const copy = await inputs(server, { owner: MAIL, stack: STACK });
  await expect(server.create(copy)).rejects.toThrow("another resource of this program holds it");
  await emulator.putClockAhead(60);
  expect(await emulator.grants()).toMatchObject([{ id, state: outs.marker }]);
});

describe("a resource whose stack is renamed", () => {
  it("writes its marker anew with one authentication, and goes on if that run was cut off", async () => {
    const { id, outs } = await made();
    const { server } = newProcess();
    const news = await inputs(server, { owner: MAIL, stack: OTHER_STACK });
    expect(await server.diff(id, outs, news)).toMatchObject({ changed: ["owner"] });
    const updated = await server.update(id, outs, news);
    expect(await emulator.writes()).toEqual([AUTHENTICATE]);
    expect(updated.marker).toMatch(new RegExp(`^pulumi-nylas-imap:2:${MAIL}:${OTHER_STACK}:[0-9a-f]+:created:`));
    // The state does not have it; meanwhile the resource gets another name.
    const { server: next } = newProcess();
    await next.update(id, outs, await inputs(next, { owner: OPS, stack: OTHER_STACK }));
    expect((await emulator.grants())[0]?.state).toContain(`:${OPS}:${OTHER_STACK}:`);
  });
});

describe("a grant that two resources of one state were given by hand", () => {
  it("stays when the program keeps the other one, and goes in a run that knows only the one", async () => {
    const { id, outs } = await made();
    const copy = { ...outs, owner: MAIL };
    const { server } = newProcess();
    expect(await server.diff(id, copy, await inputs(server, { owner: MAIL, stack: STACK }))).toMatchObject({
      changed: [],
    });
    await server.delete(id, outs);
    expect(await emulator.grants()).toMatchObject([{ id }]);
    const { server: next } = newProcess();
    await next.delete(id, outs);
    expect(await emulator.grants()).toEqual([]);
  });
});

it("a resource with a marker of version 0.1.0, which names no stack, writes it anew for each new name", async () => {
  const { id } = await emulator.foreignGrant(0, `pulumi-nylas-imap:1:${OPS}:created`);
  const { server } = newProcess();
  const news = await inputs(server, { owner: MAIL, stack: STACK });
  const { applicationId } = emulator.emulator;
  const outs = { ...news, owner: OPS, applicationId, adopted: false, marker: `pulumi-nylas-imap:1:${OPS}:created` };
  await emulator.forgetRequests();
  const updated = await server.update(id, outs, news);
  expect(await emulator.writes()).toEqual([AUTHENTICATE]);
  expect(updated.marker).toMatch(new RegExp(`^pulumi-nylas-imap:2:${MAIL}:${STACK}:[0-9a-f]+:created:${OPS}$`));
});

describe("a grant that Pulumi could not save, although the run ended by itself", () => {
  it("is refused with the reason, and adopted with the same id", async () => {
    const { id } = await made();
    lastInputs = {};
    const { server } = newProcess();
    const names = { owner: OPS, stack: STACK };
    await expect(server.create(await inputs(server, names))).rejects.toThrow(
      "Pulumi could not save what a run had made",
    );
    expect(await emulator.writes()).toEqual([]);
    const adopting = await server.create(await inputs(server, names, { onExisting: "adopt" }));
    expect(adopting).toMatchObject({ id, outs: { adopted: false } });
  });
});
