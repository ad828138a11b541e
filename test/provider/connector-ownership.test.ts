import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectorLifecycle } from "../../provider/src/core/connector/lifecycle.js";
import type { Values } from "../../provider/src/core/properties/values.js";
import { serveResource } from "../../provider/src/core/resource-server.js";
import { runFor } from "../../provider/src/core/session.js";
import { readSettings } from "../../provider/src/settings.js";
import { present, TestEmulator } from "../../tools/harness/test-emulator.js";
import { failure } from "../support/failure.js";
import { here } from "../support/here.js";

/** Digests of the names of resources of one stack, and of the stack. */
const [FIRST, SECOND, THIRD, STACK] = ["0a", "0b", "0c", "0d"];
const ID = "imap";

let emulator: TestEmulator;
let notesDirectory: string;

beforeEach(async () => {
  emulator = await TestEmulator.start();
  notesDirectory = mkdtempSync(join(tmpdir(), "connector-"));
});

afterEach(async () => {
  await emulator.close();
  rmSync(notesDirectory, { recursive: true, force: true });
});

/** A provider process of its own on this machine: each has other settings. `end` is what happens when its engine ends. */
let processes = 0;
function newProcess() {
  processes += 1;
  const settingsEnv = { ...emulator.env, NYLAS_REQUESTS_PER_SECOND: String(1_000 - processes) };
  const host = { ...here(), settingsEnv, notesDirectory };
  const run = runFor(readSettings("nylas", host.config, settingsEnv), host);
  return {
    served: serveResource(connectorLifecycle, host),
    create: (owner: string, change: Values = {}) => connectorLifecycle.create(run, { owner, stack: STACK, ...change }),
    update: (olds: Values, owner: string) => connectorLifecycle.update(run, ID, olds, { owner, stack: STACK }),
    read: (state: Values) => present(connectorLifecycle.read)(run, ID, state),
    delete: (state: Values) => present(connectorLifecycle.delete)(run, ID, state),
    end: () => run.unsaved.removeReturned(),
  };
}

/** Creates the connector in a run that ends well. Returns its state. */
async function made(owner = FIRST): Promise<Values> {
  const { create, end } = newProcess();
  const { outs } = await create(owner);
  end();
  return outs;
}

const somebodyElseMakesIt = () => emulator.call("POST", "/v3/connectors", { provider: "imap" });
const adopt = { onExisting: "adopt" };
const look = { method: "GET", path: "/v3/connectors/imap" };
const post = { method: "POST", path: "/v3/connectors" };

describe("a connector that somebody else made", () => {
  it("is not this stack's where Nylas has refused the creation, and the look after that failed", async () => {
    await emulator.faults({ ...post, status: 409 }, { ...look, nth: 2, status: 403 });
    await failure(newProcess().create(FIRST));
    await emulator.faults();
    await somebodyElseMakesIt();
    expect((await failure(newProcess().create(FIRST))).code).toBe("connector_exists");
  });

  it("is not this stack's where a refresh under another name has seen that this stack's is gone", async () => {
    const state = await made();
    await emulator.call("DELETE", "/v3/connectors/imap");
    expect(await newProcess().read({ ...state, owner: SECOND })).toBeUndefined();
    await somebodyElseMakesIt();
    expect((await newProcess().create(FIRST, adopt)).outs).toMatchObject({ adopted: true });
  });
});

it("a connector that an interrupted run has made is this stack's, though the next run's creation was refused", async () => {
  await emulator.faults({ ...post, delayMs: 1, status: 504 });
  await failure(newProcess().create(FIRST));
  await emulator.faults({ ...post, status: 403 });
  await failure(newProcess().create(FIRST));
  await emulator.faults();
  // The first request takes effect late.
  await somebodyElseMakesIt();
  expect((await newProcess().create(FIRST)).outs).toMatchObject({ adopted: false });
});

it("a connector that somebody else makes after two refused creations is not this stack's", async () => {
  await emulator.faults({ ...post, status: 403 });
  await failure(newProcess().create(FIRST));
  await failure(newProcess().create(FIRST));
  await emulator.faults();
  await somebodyElseMakesIt();
  expect((await failure(newProcess().create(FIRST))).code).toBe("connector_exists");
});

it("a connector that somebody else makes during a forced replacement is not this stack's", async () => {
  const state = await made();
  await newProcess().delete(state);
  await somebodyElseMakesIt();
  const { served, create } = newProcess();
  const names = { owner: FIRST, stack: STACK };
  const { inputs } = await served.check(names, names);
  await served.diff(ID, state, inputs);
  expect((await failure(create(FIRST))).code).toBe("connector_exists");
});

it("a connector that a replacement has left is this stack's on a machine without notes, too", async () => {
  const state = await made();
  rmSync(notesDirectory, { recursive: true, force: true });
  const { served } = newProcess();
  const names = { owner: FIRST, stack: STACK };
  const { inputs } = await served.check(names, names);
  await served.diff(ID, state, inputs);
  expect((await served.create(inputs)).outs).toMatchObject({ adopted: false });
});

it("a connector stays that the program declares under a name which could not take it", async () => {
  const state = await made();
  const { served } = newProcess();
  const { inputs } = await served.check({}, { owner: SECOND, stack: STACK });
  await expect(served.create(inputs)).rejects.toThrow("connector_exists");
  await expect(served.delete(ID, state)).rejects.toThrow("the program declares");
  expect(await emulator.connectors()).toHaveLength(1);
});

describe("a connector whose creation was answered with something else than JSON", () => {
  it("is this stack's in the next run", async () => {
    const page = { status: 200, body: "<html></html>", afterEffect: true };
    await emulator.faults({ ...post, ...page });
    expect((await failure(newProcess().create(FIRST))).code).toBe("unexpected_response");
    await emulator.faults();
    expect((await newProcess().create(FIRST)).outs).toMatchObject({ adopted: false });
  });
});

describe("the former name of a connector, which a run that failed has left in the state, deletes nothing", () => {
  it("if the run that took it over was repeated", async () => {
    const former = await made();
    await emulator.faults({ method: "PATCH", path: "/v3/connectors/imap", status: 403 });
    await failure(newProcess().create(SECOND, { ...adopt, name: "mail" }));
    await emulator.faults();
    await newProcess().create(SECOND, { ...adopt, name: "mail" });
    await newProcess().delete(former);
    expect(await emulator.connectors()).toHaveLength(1);
  });

  it("if it was taken over twice", async () => {
    const former = await made();
    await newProcess().create(SECOND, adopt);
    await newProcess().create(THIRD, adopt);
    await newProcess().delete(former);
    expect(await emulator.connectors()).toHaveLength(1);
  });

  it("if it was taken over, and then renamed with an alias", async () => {
    const former = await made();
    const { outs } = await newProcess().create(SECOND, adopt);
    await newProcess().update(outs, THIRD);
    await newProcess().delete(former);
    expect(await emulator.connectors()).toHaveLength(1);
  });

  it("if it was deleted outside, and made again under the other name", async () => {
    const former = await made();
    await emulator.call("DELETE", "/v3/connectors/imap");
    await newProcess().create(SECOND);
    await newProcess().delete(former);
    expect(await emulator.connectors()).toHaveLength(1);
  });
});
