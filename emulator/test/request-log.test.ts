import { describe, expect, it } from "vitest";
import { RequestLog } from "../src/control/request-log.js";

const API_KEY = "nyk_v0_the-key-of-this-emulator";
const LIMIT = 100_000;

function logOf(path: string, query: Record<string, string> = {}) {
  const log = new RequestLog(API_KEY);
  log.arrived("GET", path, query)(200);
  return log.list();
}

describe("the request log", () => {
  it.each([
    "api_key",
    "apiKey",
    "key",
    "code",
    "code_verifier",
    "code_challenge",
    "client_secret",
    "access_token",
    "refresh_token",
    "token",
    "id_token",
    "password",
    "imap_password",
    "login_hint",
    "authorization",
    "X-Amz-Signature",
    "x-amz-credential",
  ])("masks the value of %s", (name) => {
    const [entry] = logOf("/v3/grants", { [name]: "a value that nobody may read", limit: "2" });
    expect(entry?.query).toEqual({ [name]: "[redacted]", limit: "2" });
  });

  it("masks its own key wherever it stands", () => {
    const text = JSON.stringify(logOf(`/v3/grants/${API_KEY}`, { q: `to ${API_KEY}`, [API_KEY]: "" }));
    expect(text.includes(API_KEY)).toBe(false);
    expect(text).toContain("/v3/grants/[redacted]");
  });

  it("masks tokens wherever they stand", () => {
    const tokens = ["nyt_emulator_aB-_1", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln-_"];
    const text = JSON.stringify(
      tokens.map((token) => logOf(`/v3/grants/${token}/messages`, { q: `is ${token}`, [token]: "" })),
    );
    for (const token of tokens) expect(text).not.toContain(token);
    expect(text).toContain("/v3/grants/[redacted]/messages");
  });

  it("keeps no more text than its bound, the latest entries first", () => {
    const log = new RequestLog(API_KEY, LIMIT);
    const filler = "x".repeat(10_000);
    for (let request = 0; request < 50; request++) log.arrived("GET", `/v3/grants/${request}`, { q: filler })(200);
    const kept = log.list();
    expect(JSON.stringify(kept).length).toBeLessThan(LIMIT);
    expect(kept.map(({ path }) => path)).toEqual(
      Array.from({ length: kept.length }, (_, index) => `/v3/grants/${50 - kept.length + index}`),
    );
    expect(kept.length).toBeGreaterThan(5);
  });

  it("counts names as well as values, and begins anew when it is emptied", () => {
    const log = new RequestLog(API_KEY, LIMIT);
    log.arrived("GET", "/v3/grants", { ["n".repeat(LIMIT)]: "" })(200);
    expect(log.list()).toEqual([]);
    for (let request = 0; request < 20; request++) {
      log.arrived("GET", "/v3/grants", { q: "x".repeat(LIMIT - 1_000) })(200);
      expect(log.list()).toHaveLength(1);
      log.clear();
    }
  });
});
