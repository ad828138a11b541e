import { BehaviorError, startEmulator } from "nylas-emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestEmulator } from "../../tools/harness/test-emulator.js";

const NOBODY = "6e0f4a3e-0000-4000-8000-000000000000";

/** Every call that needs a permission, with ids that do not exist: 403 takes precedence over 404. */
const CALLS: readonly [permission: string, method: string, path: string][] = [
  ["applications.read", "GET", "/v3/applications"],
  ["connectors.read", "GET", "/v3/connectors"],
  ["connectors.read", "GET", "/v3/connectors/imap"],
  ["connectors.create", "POST", "/v3/connectors"],
  ["connectors.update", "PATCH", "/v3/connectors/imap"],
  ["connectors.update", "PUT", "/v3/connectors/imap"],
  ["connectors.delete", "DELETE", "/v3/connectors/imap"],
  ["grants.create", "POST", "/v3/connect/custom"],
  ["grants.read", "GET", "/v3/grants"],
  ["grants.read", "GET", `/v3/grants/${NOBODY}`],
  ["grants.update", "PATCH", `/v3/grants/${NOBODY}`],
  ["grants.delete", "DELETE", `/v3/grants/${NOBODY}`],
  ["messages.read", "GET", `/v3/grants/${NOBODY}/messages`],
  ["messages.read", "GET", `/v3/grants/${NOBODY}/messages/an-id`],
  ["messages.send", "POST", `/v3/grants/${NOBODY}/messages/send`],
  ["folders.read", "GET", `/v3/grants/${NOBODY}/folders`],
  ["folders.read", "GET", `/v3/grants/${NOBODY}/folders/INBOX`],
];
const ALL = [...new Set(CALLS.map(([permission]) => permission))].join(",");

describe("a key that lacks permissions", () => {
  let emulator: TestEmulator;

  beforeAll(async () => {
    emulator = await TestEmulator.start({ mail: false, behavior: { deniedPermissions: ALL } });
  });

  afterAll(() => emulator.close());

  it.each(CALLS)("%s is missing: %s %s answers 403", async (permission, method, path) => {
    expect(await ask(emulator, method, path)).toEqual({
      status: 403,
      type: "api.unauthorized_access",
      message: `The API key lacks the permission ${permission}.`,
    });
  });

  it("is told apart from a wrong key, which answers 401", async () => {
    expect(await ask(emulator, "GET", "/v3/grants", "nyk_of_nobody")).toMatchObject({ status: 401 });
  });

  it("still steers the emulator", async () => {
    expect(await emulator.call("GET", "/_emulator/behaviors")).toContainEqual(
      expect.objectContaining({ name: "deniedPermissions", value: ALL, default: "" }),
    );
  });
});

it("a key that lacks one permission can do everything else", async () => {
  const emulator = await TestEmulator.start({ behavior: { deniedPermissions: "grants.delete" } });
  try {
    await emulator.call("POST", "/v3/connectors", { provider: "imap" });
    const { id } = await emulator.foreignGrant(0);
    expect(await ask(emulator, "DELETE", `/v3/grants/${id}`)).toMatchObject({ status: 403 });
    expect(await emulator.grants()).toMatchObject([{ id }]);
    for (const [permission, method, path] of CALLS) {
      const { status } = await ask(emulator, method, path);
      expect([permission, status === 403]).toEqual([permission, permission === "grants.delete"]);
    }
  } finally {
    await emulator.close();
  }
});

it("a permission that the emulator does not play is an error that names those it plays", async () => {
  const started = startEmulator({ behavior: { deniedPermissions: "grants.read,calendars.read" } });
  await expect(started).rejects.toThrow(BehaviorError);
  await expect(started).rejects.toThrow(/takes a list of applications\.read, .*not "calendars\.read"/);
});

async function ask(
  { emulator }: TestEmulator,
  method: string,
  path: string,
  key = emulator.apiKey,
): Promise<{ status: number; type?: string; message?: string }> {
  const answer = await fetch(`${emulator.apiUri}${path}`, { method, headers: { authorization: `Bearer ${key}` } });
  // Every refusal has this envelope; other answers have no `error`.
  const { error } = (await answer.json()) as { error?: { type: string; message: string } };
  return { status: answer.status, ...error };
}
