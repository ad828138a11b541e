import { createServer, request } from "node:http";
import type { TestEmulator } from "../../tools/harness/test-emulator.js";
import type { World } from "./world.js";

/** Gives applications several API keys at one address, which can be revoked one by one. The emulator itself has one key. */
export class KeyProxy {
  readonly #keys: Map<string, TestEmulator>;

  private constructor(
    readonly uri: string,
    keys: Map<string, TestEmulator>,
    readonly close: () => Promise<void>,
  ) {
    this.#keys = keys;
  }

  static async open(emulator: TestEmulator, ...keys: string[]): Promise<KeyProxy> {
    const valid = new Map(keys.map((key) => [key, emulator]));
    const server = createServer((incoming, outgoing) => {
      const key = incoming.headers.authorization?.replace(/^Bearer /, "") ?? "";
      const application = valid.get(key);
      if (application === undefined) {
        outgoing.writeHead(401, { "content-type": "application/json" });
        outgoing.end(JSON.stringify({ error: { type: "api.authentication_error", message: "Unauthorized" } }));
        return;
      }
      const headers = { ...incoming.headers, authorization: `Bearer ${application.emulator.apiKey}` };
      const target = new URL(incoming.url ?? "/", application.emulator.apiUri);
      const passedOn = request(target, { method: incoming.method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      passedOn.on("error", () => outgoing.destroy());
      incoming.pipe(passedOn);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new KeyProxy(`http://127.0.0.1:${address.port}`, valid, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  }

  /** A key of another application. */
  add(key: string, emulator: TestEmulator): void {
    this.#keys.set(key, emulator);
  }

  revoke(key: string): void {
    this.#keys.delete(key);
  }
}

/** Configures the first of two keys of the emulator's application, and returns both with what revokes them. */
export async function configureFirstOfTwoKeys(world: World): Promise<{ proxy: KeyProxy; old: string; fresh: string }> {
  const [old, fresh] = [world.secret("nyk_old_0123456789abcdef"), world.secret("nyk_new_0123456789abcdef")];
  const proxy = world.owns(await KeyProxy.open(world.emulator, old, fresh));
  world.stack.env.NYLAS_API_KEY = "";
  await world.stack.config({ "nylas:apiUri": proxy.uri }, { "nylas:apiKey": old });
  return { proxy, old, fresh };
}
