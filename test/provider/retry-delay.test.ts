import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BASE_DELAY_MS,
  type FailedAttempt,
  MAX_ATTEMPTS,
  MAX_PROVIDER_ATTEMPTS,
  MAX_RETRY_AFTER_MS,
  MAX_TOTAL_MS,
  parseRetryAfter,
  retryDelay,
} from "../../provider/src/nylas/retry-delay.js";

const now = Date.parse("2026-01-01T00:00:00Z");
const failure: FailedAttempt = {
  attempts: 1,
  spentMs: 0,
  status: 503,
  type: undefined,
  retryAfterMs: undefined,
  lostPost: false,
  isLogin: false,
};

describe("retryDelay", () => {
  it.each([429, 500, 502, 503, 504, undefined])("sends again after %s", (status) => {
    expect(retryDelay({ ...failure, status }, 0)).toBe(BASE_DELAY_MS);
  });

  it.each([400, 401, 403, 404, 409, 422])("does not send again after %s", (status) => {
    expect(retryDelay({ ...failure, status }, 0)).toBeUndefined();
  });

  it.each(["api.provider_error", "provider_error", "grant.provider_not_responding"])(
    "asks a mail server that left a login unanswered (%s) once more",
    (type) => {
      const silent = { ...failure, status: 504, type };
      expect(retryDelay(silent, 0)).toBe(BASE_DELAY_MS);
      expect(retryDelay({ ...silent, attempts: MAX_PROVIDER_ATTEMPTS }, 0)).toBeUndefined();
      expect(retryDelay({ ...silent, attempts: MAX_PROVIDER_ATTEMPTS, type: "api.internal_error" }, 0)).toBeDefined();
    },
  );

  it.each(["api.provider_error", "grant.provider_not_responding"])(
    "sends no password again that a mail server has not accepted (%s)",
    (type) => {
      expect(retryDelay({ ...failure, status: 504, type, isLogin: true }, 0)).toBeUndefined();
    },
  );

  it.each([500, 502, 504])("sends a login once more after %s, which may hide a refusal", (status) => {
    const login = { ...failure, status, isLogin: true };
    expect(retryDelay(login, 0)).toBe(BASE_DELAY_MS);
    expect(retryDelay({ ...login, attempts: 2 }, 0)).toBeUndefined();
  });

  it.each([429, 503, undefined])("sends a login again after %s, which no mail server has seen", (status) => {
    expect(retryDelay({ ...failure, status, isLogin: true, attempts: MAX_ATTEMPTS - 1 }, 0)).toBeDefined();
  });

  it("takes Retry-After in seconds and as a date", () => {
    expect(retryDelay({ ...failure, status: 429, retryAfterMs: parseRetryAfter("7", now) }, 0.5)).toBe(7_000);
    expect(
      retryDelay({ ...failure, status: 429, retryAfterMs: parseRetryAfter("Thu, 01 Jan 2026 00:00:09 GMT", now) }, 0.5),
    ).toBe(9_000);
    expect(parseRetryAfter("soon", now)).toBeUndefined();
  });

  it.each([
    "0",
    "-5",
    "-5.0",
    "0.001",
    "+0",
    " 0 ",
    "1e-9",
    "Wed, 31 Dec 2025 23:59:59 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "0,0",
    "",
  ])("never hurries because of Retry-After: %j", (retryAfter) => {
    for (let attempts = 1; attempts < MAX_ATTEMPTS; attempts += 1) {
      const backoff = retryDelay({ ...failure, attempts }, 0.5);
      expect(
        retryDelay({ ...failure, attempts, status: 429, retryAfterMs: parseRetryAfter(retryAfter, now) }, 0.5),
      ).toBe(backoff);
    }
  });

  it.each([
    ["7.2", 7_200],
    ["0.5", 500],
    ["+3", 3_000],
    ["Thu, 01 Jan 2026 00:00:02 GMT", 2_000],
  ])("reads Retry-After: %s", (header, expected) => {
    expect(parseRetryAfter(header, now)).toBe(expected);
  });

  it.each(["9999999999999999999999", "61", "60.1"])("gives up on Retry-After: %s", (retryAfter) => {
    expect(retryDelay({ ...failure, status: 429, retryAfterMs: parseRetryAfter(retryAfter, now) }, 0)).toBeUndefined();
  });

  it("does not send again what has taken its time already", () => {
    expect(retryDelay({ ...failure, spentMs: MAX_TOTAL_MS - BASE_DELAY_MS }, 0)).toBe(BASE_DELAY_MS);
    expect(retryDelay({ ...failure, spentMs: MAX_TOTAL_MS - BASE_DELAY_MS + 1 }, 0)).toBeUndefined();
  });

  it("gives up rather than wait longer than its bound", () => {
    const retryAfter = String(MAX_RETRY_AFTER_MS / 1000 + 1);
    expect(retryDelay({ ...failure, status: 429, retryAfterMs: parseRetryAfter(retryAfter, now) }, 0)).toBeUndefined();
  });

  it("is bounded in attempts and in total time, whatever the server says", () => {
    const statuses = fc.constantFrom(429, 500, 502, 503, 504, undefined);
    const seconds = fc.oneof(fc.integer({ min: -9, max: 90 }), fc.double({ min: -2, max: 90, noNaN: true }));
    const retryAfter = fc.option(fc.oneof(seconds.map(String), fc.string()), { nil: undefined });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(statuses, retryAfter), { maxLength: 50 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (answers, random) => {
          let spentMs = 0;
          let attempts = 1;
          for (const [status, after] of answers) {
            const delay = retryDelay(
              { ...failure, attempts, spentMs, status, retryAfterMs: parseRetryAfter(after, now) },
              random,
            );
            if (delay === undefined) break;
            expect(delay).toBeGreaterThanOrEqual(BASE_DELAY_MS * 2 ** (attempts - 1));
            spentMs += delay;
            attempts += 1;
          }
          expect(attempts).toBeLessThanOrEqual(MAX_ATTEMPTS);
          expect(spentMs).toBeLessThanOrEqual(MAX_TOTAL_MS);
        },
      ),
    );
  });
});
