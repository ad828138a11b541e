import sdk from "nylas";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TestEmulator } from "../support/emulator.js";

// The SDK's ES module exports the class itself; its types are those of its CommonJS build, one `default` further down.
const Nylas = sdk as unknown as typeof sdk.default;
type Method = (parameters: unknown) => unknown;

/** Of the SDK's resources, those that a client has; the walks call them with what they expect. */
const ANY_ID = "6e0f4a3e-0000-4000-8000-000000000000";
/** Fewer would mean that the resources were not found. */
const MIN_CALLS = 100;

let emulator: TestEmulator;

beforeAll(async () => {
  emulator = await TestEmulator.start();
});

afterAll(() => emulator.close());

it("no endpoint that the Node SDK knows is unknown to the emulator", async () => {
  const { apiUri, apiKey } = emulator.emulator;
  const nylas = new Nylas({ apiKey, apiUri });
  const resources = Object.values(nylas).flatMap((resource: object) => [resource, ...Object.values(resource)]);
  let calls = 0;
  for (const resource of resources.filter(isResource)) {
    for (const method of methodsOf(resource)) {
      calls += 1;
      // What matters is where the request goes, not what becomes of arguments that say nothing.
      await Promise.resolve()
        .then(() => method.call(resource, anything()))
        .then(consume)
        .catch(() => undefined);
    }
  }
  const log = await emulator.requests();
  const unknown = [];
  for (const { method, path } of log.filter(({ status }) => status === 404)) {
    const answer = await fetch(`${apiUri}${path}`, { method, headers: { authorization: `Bearer ${apiKey}` } });
    const { error } = (await answer.json()) as { error: { message: string } };
    if (error.message.includes("no endpoint")) unknown.push(`${method} ${path}`);
  }
  expect(calls).toBeGreaterThan(MIN_CALLS);
  expect(log.length).toBeGreaterThan(MIN_CALLS);
  expect(unknown).toEqual([]);
});

/** Answers every parameter that a path may be made of. */
function anything(): unknown {
  return new Proxy(
    { requestBody: {}, queryParams: {} },
    {
      get: (target, name) => Reflect.get(target, name) ?? (typeof name === "string" ? ANY_ID : undefined),
    },
  );
}

/** Some methods return an asynchronous iterator, which asks when it is read. */
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
