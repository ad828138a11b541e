import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createClient, type NylasClient } from "../../provider/src/nylas/client.js";
import { deleteGrant, findGrant, probeMailbox } from "../../provider/src/nylas/grants.js";
import { readSettings } from "../../provider/src/settings.js";
import { TestEmulator } from "../../tools/harness/test-emulator.js";
import { failure } from "../support/failure.js";
import { here } from "../support/here.js";

/** Of a grant that was deleted, or of another application. */
const GONE = "6e0f4a3e-0000-4000-8000-000000000000";

let emulator: TestEmulator;
let client: NylasClient;
let id: string;

beforeEach(async () => {
  emulator = await TestEmulator.start({ behavior: { missingGrant: "401", invalidGrant: "403" } });
  client = createClient(
    readSettings("nylas", () => undefined, emulator.env),
    here(),
  );
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  ({ id } = await emulator.foreignGrant(0));
  await emulator.forgetRequests();
});

afterEach(() => emulator.close());

describe("a grant for which Nylas answers 401", () => {
  it("does not exist if the complete list lacks it", async () => {
    expect(await findGrant(client, GONE)).toBeUndefined();
    await deleteGrant(client, GONE);
    // Each time two readings, which end with a request that shows no further grant.
    expect((await emulator.requests()).filter(({ path }) => path === "/v3/grants")).toHaveLength(8);
  });

  it("exists if the list has it, and its deletion then fails", async () => {
    await emulator.faults({ path: `/v3/grants/${id}`, status: 401 });
    expect(await findGrant(client, id)).toMatchObject({ id });
    expect(await failure(deleteGrant(client, id))).toMatchObject({ code: "api_key_refused", status: 401 });
    expect(await emulator.grants()).toHaveLength(1);
  });

  it("is not thought gone if the list is refused, too, fails or does not end", async () => {
    await client.application();
    for (const fault of [{ status: 401 }, { status: 403 }, { status: 404 }, { status: 200, body: '{"data":{}}' }]) {
      await emulator.faults({ path: "/v3/grants", ...fault });
      expect(await failure(findGrant(client, GONE))).toMatchObject({ code: expect.any(String) });
      expect(await failure(deleteGrant(client, GONE))).toMatchObject({ code: expect.any(String) });
    }
  });

  it("is not looked for where the key itself is refused", async () => {
    await emulator.faults({ path: "/v3/applications", status: 401 });
    expect(await failure(findGrant(client, GONE))).toMatchObject({ code: "api_key_refused" });
    expect((await emulator.requests()).map(({ path }) => path)).not.toContain("/v3/grants");
  });
});

describe("a 403", () => {
  it("of a mailbox says that it is about the mailbox", async () => {
    await emulator.setStatus(id, "invalid");
    const refused = await failure(probeMailbox(client, id, emulator.user(0).username));
    expect(refused).toMatchObject({ code: "mail_server_refused", type: "grant.access_denied" });
    expect(refused.remedy).toContain("about the mailbox and not about the key");
  });

  it("or a 423 of a blocked grant says so too", async () => {
    await emulator.setBlocked(id, true);
    const refused = await failure(probeMailbox(client, id, emulator.user(0).username));
    expect(refused).toMatchObject({ code: "mail_server_refused", status: 423, type: "api.resource_blocked" });
    expect(refused.remedy).toContain("whether its grant is blocked");
  });

  it("of a key names what the key is bound to", async () => {
    await emulator.close();
    emulator = await TestEmulator.start({ behavior: { deniedPermissions: "applications.read" } });
    client = createClient(
      readSettings("nylas", () => undefined, emulator.env),
      here(),
    );
    const refused = await failure(findGrant(client, GONE));
    expect(refused).toMatchObject({ code: "permission_denied", status: 403 });
    expect(refused.remedy).toContain("bind the key of nylas:apiKey to the application");
  });
});
