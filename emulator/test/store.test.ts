import { request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chooseBehaviors } from "../../emulator/src/behaviors.js";
import { emptyData, Store } from "../../emulator/src/store/store.js";
import type { StoredData } from "../../emulator/src/store/types.js";
import { TestEmulator } from "../../tools/harness/test-emulator.js";

const SETTINGS = {
  imap_username: "ops@example.test",
  imap_password: "first",
  imap_host: "imap.example.test",
  imap_port: 993,
};
const AUTHENTICATION = { provider: "imap", settings: SETTINGS };
const CONNECTOR = { provider: "imap", settings: {}, scope: [] };

/** A store that completes its saves when the test says so. */
function storeWithDisk(behavior: Record<string, string> = {}) {
  const saves: { data: StoredData; finish(): void }[] = [];
  const save = (data: StoredData) => new Promise<void>((finish) => saves.push({ data, finish }));
  const store = new Store(emptyData(), chooseBehaviors(behavior), save);
  return { store, saves };
}

describe("a change of the store", () => {
  it.each([
    ["addConnector", (store: Store) => store.addConnector(CONNECTOR)],
    ["updateConnector", (store: Store) => store.updateConnector("imap", { name: "mail" })],
    ["deleteConnector", (store: Store) => store.deleteConnector("imap")],
    ["authenticate", (store: Store) => store.authenticate(AUTHENTICATION)],
    ["updateGrant", (store: Store) => store.updateGrant("nobody", { status: "invalid" })],
    ["deleteGrant", (store: Store) => store.deleteGrant("nobody")],
    ["setUsers", (store: Store) => store.setUsers([{ username: "ops@example.test", password: "first" }])],
  ])("%s ends when it is saved, and not before", async (_, change) => {
    const { store, saves } = storeWithDisk();
    let ended = false;
    const changed = change(store).then(() => {
      ended = true;
    });
    expect(saves).toHaveLength(1);
    await Promise.resolve();
    expect(ended).toBe(false);
    saves[0]?.finish();
    await changed;
    expect(ended).toBe(true);
  });

  it("shows at once, and what was read before stays as it was", async () => {
    const { store, saves } = storeWithDisk();
    const made = store.authenticate(AUTHENTICATION);
    saves[0]?.finish();
    const { grant } = await made;
    void store.updateGrant(grant.id, { status: "invalid" });
    expect(store.grant(grant.id)?.status).toBe("invalid");
    expect(grant.status).toBe("valid");
    void store.authenticate({ ...AUTHENTICATION, settings: { ...SETTINGS, imap_password: "second" } });
    expect(store.grant(grant.id)).toMatchObject({ status: "valid", settings: { imap_password: "second" } });
    expect(grant.settings.imap_password).toBe("first");
    void store.deleteConnector("imap");
    expect(store.grant(grant.id)).toMatchObject({ status: "invalid", purgeAt: expect.any(Number) });
    expect(grant).not.toHaveProperty("purgeAt");
  });

  it("answers with the object as the change left it, whatever happens while it is saved", async () => {
    const { store, saves } = storeWithDisk();
    const made = store.authenticate(AUTHENTICATION);
    const id = store.grantByEmail(SETTINGS.imap_username)?.id ?? "";
    void store.deleteGrant(id);
    for (const { finish } of saves) finish();
    expect(await made).toMatchObject({ created: true, grant: { id, status: "valid" } });
    expect(store.grant(id)).toBeUndefined();
  });

  it("authenticates a grant again under its id, without the end that its connector's deletion gave it", async () => {
    const { store, saves } = storeWithDisk({ stateEcho: "kept" });
    const first = store.authenticate({ ...AUTHENTICATION, state: "first", ip: "127.0.0.1" });
    void store.deleteConnector("imap");
    const second = store.authenticate({ ...AUTHENTICATION, state: "second" });
    for (const { finish } of saves) finish();
    const { grant } = await first;
    const again = await second;
    expect(again).toMatchObject({ created: false, grant: { id: grant.id, state: "first", ip: "127.0.0.1" } });
    expect(again.grant).not.toHaveProperty("purgeAt");
    expect(saves.at(-1)?.data.grants).toEqual([again.grant]);
  });
});

describe("a request whose object is deleted before its body has arrived", () => {
  let emulator: TestEmulator;

  beforeAll(async () => {
    emulator = await TestEmulator.start();
    await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  });

  afterAll(() => emulator?.close());

  it("finds no grant to change", async () => {
    const { id } = await emulator.foreignGrant(0);
    expect(await patchLate(`/v3/grants/${id}`, { scope: ["a"] })).toMatchObject({
      status: 404,
      error: { type: "grant.not_found" },
    });
  });

  it("finds no connector to change", async () => {
    expect(await patchLate("/v3/connectors/imap", { name: "mail" })).toMatchObject({
      status: 404,
      error: { type: "api.not_found_error" },
    });
  });

  /** Sends the head of a PATCH, deletes the object after the emulator has found it, then sends the body. */
  async function patchLate(path: string, body: unknown): Promise<unknown> {
    const { apiUri, apiKey } = emulator.emulator;
    const json = JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${apiKey}`,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(json),
      expect: "100-continue",
    };
    const patch = request(`${apiUri}${path}`, { method: "PATCH", headers });
    const answered = new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      patch.on("error", reject);
      patch.on("response", async (response) => resolve({ status: response.statusCode, body: await text(response) }));
    });
    // Node sends 100 Continue in the same event-loop turn in which it passes the request to the emulator.
    await new Promise((resolve) => patch.once("continue", resolve).flushHeaders());
    await emulator.call("DELETE", path);
    patch.end(json);
    const { status, body: answer } = await answered;
    return { status, ...(JSON.parse(answer) as object) };
  }
});
