import sdk from "nylas";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TestEmulator } from "../../../tools/harness/test-emulator.js";
import { type Contract, METHODS, readContract } from "./document.ts";

// The SDK's ES module exports the class itself; its types are those of its CommonJS build, one `default` further down.
const Nylas = sdk as unknown as typeof sdk.default;
type Method = (parameters: unknown) => unknown;

/** Stands for every id. */
const ANY_ID = "6e0f4a3e-0000-4000-8000-000000000000";
/** Documented since the facts of the contract were taken: docs/reference/api/iam-principals and iam-credentials. */
const LATER: Contract["others"] = {
  "/v3/iam/principals": ["get", "post"],
  "/v3/iam/principals/{principal_id}": ["get", "patch", "delete"],
  "/v3/iam/principals/{principal_id}/credentials": ["get", "post"],
  "/v3/iam/principals/{principal_id}/credentials/{credential_id}": ["get", "patch", "delete"],
};
/** Fewer would mean that the resources were not found. */
const MIN_CALLS = 100;

let emulator: TestEmulator;

beforeAll(async () => {
  emulator = await TestEmulator.start();
});

afterAll(() => emulator.close());

it("no endpoint of Nylas's contract is unknown to the emulator", async () => {
  const { paths, others } = readContract();
  const played = Object.entries(paths).map(([path, item]) => ({
    path,
    methods: METHODS.filter((name) => name in item),
  }));
  const unplayed = Object.entries({ ...others, ...LATER }).map(([path, methods]) => ({ path, methods }));
  expect(played.length).toBeGreaterThan(0);
  expect(unplayed.length).toBeGreaterThan(0);
  const unknown: string[] = [];
  const wrong: string[] = [];
  for (const { path, methods } of [...played, ...unplayed]) {
    for (const method of methods.map((name) => name.toUpperCase())) {
      const { status, message } = await ask(method, path.replaceAll(/\{[^}]+\}/g, ANY_ID));
      if (message.includes("no endpoint")) unknown.push(`${method} ${path}`);
      else if (!(path in paths) && status !== 501) wrong.push(`${method} ${path}: ${status}`);
    }
  }
  expect(unknown).toEqual([]);
  expect(wrong).toEqual([]);
});

it("no endpoint that the Node SDK knows is unknown to the emulator", async () => {
  const { apiUri, apiKey } = emulator.emulator;
  const nylas = new Nylas({ apiKey, apiUri });
  const resources = Object.values(nylas).flatMap((resource: object) => [resource, ...Object.values(resource)]);
  let calls = 0;
  await emulator.forgetRequests();
  for (const resource of resources.filter(isResource)) {
    for (const method of methodsOf(resource)) {
      calls += 1;
      // Only the request's path matters, so the arguments may be meaningless.
      await Promise.resolve()
        .then(() => method.call(resource, anything()))
        .then(consume)
        .catch(() => undefined);
    }
  }
  const log = await emulator.requests();
  const unknown = [];
  for (const { method, path } of log.filter(({ status }) => status === 404)) {
    const { message } = await ask(method, path);
    if (message.includes("no endpoint")) unknown.push(`${method} ${path}`);
  }
  expect(calls).toBeGreaterThan(MIN_CALLS);
  expect(log.length).toBeGreaterThan(MIN_CALLS);
  expect(unknown).toEqual([]);
});

/** The emulator's status, and the message of a refusal. */
async function ask(method: string, path: string): Promise<{ status: number; message: string }> {
  const { apiUri, apiKey } = emulator.emulator;
  const answer = await fetch(`${apiUri}${path}`, { method, headers: { authorization: `Bearer ${apiKey}` } });
  // Every refusal has this envelope; other answers have no `error`.
  const { error } = (await answer.json()) as { error?: { message?: string } };
  return { status: answer.status, message: error?.message ?? "" };
}

/** An object that has a value for every path parameter. */
function anything(): unknown {
  return new Proxy(
    { requestBody: {}, queryParams: {} },
    {
      get: (target, name) => Reflect.get(target, name) ?? (typeof name === "string" ? ANY_ID : undefined),
    },
  );
}

/** Some methods return an asynchronous iterator, which sends its request when it is read. */
async function consume(result: unknown): Promise<void> {
  if (typeof result !== "object" || result === null || !(Symbol.asyncIterator in result)) return;
  for await (const _ of result as AsyncIterable<unknown>) return;
}

function isResource(value: unknown): value is object {
  return typeof value === "object" && value !== null && "apiClient" in value;
}

function methodsOf(resource: object): Method[] {
  const prototype: object = Object.getPrototypeOf(resource);
  return Object.getOwnPropertyNames(prototype)
    .filter((name) => name !== "constructor" && !name.startsWith("_"))
    .map((name): unknown => Reflect.get(resource, name))
    .filter((member): member is Method => typeof member === "function");
}
