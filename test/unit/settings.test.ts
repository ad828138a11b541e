import { describe, expect, it } from "vitest";
import { environmentVariable, readSettings } from "../../provider/src/settings.js";

const config = (values: Record<string, string>) => (key: string) => values[key];

describe("readSettings", () => {
  it("takes configuration first, then the environment", () => {
    const settings = readSettings("nylas", config({ "nylas:apiKey": "key-a", "nylas:region": "eu" }), {
      NYLAS_API_KEY: "key-b",
      NYLAS_REGION: "us",
      NYLAS_TIMEOUT_SECONDS: "7",
    });
    expect(settings).toMatchObject({
      apiKeys: ["key-a", "key-b"],
      region: "eu",
      apiUri: "https://api.eu.nylas.com",
      timeoutSeconds: 7,
      requestsPerSecond: 40,
    });
  });

  it("keeps one key when both places hold the same", () => {
    expect(readSettings("nylas", config({ "nylas:apiKey": "same" }), { NYLAS_API_KEY: "same" }).apiKeys).toEqual([
      "same",
    ]);
  });

  it("reads another application from its own namespace and variables", () => {
    expect(environmentVariable("nylas-eu", "apiKey")).toBe("NYLAS_EU_API_KEY");
    expect(environmentVariable("nylas", "requestsPerSecond")).toBe("NYLAS_REQUESTS_PER_SECOND");
    const env = { NYLAS_EU_API_KEY: "eu-key", NYLAS_API_KEY: "us-key", NYLAS_EU_REGION: "eu" };
    expect(readSettings("nylas-eu", config({}), env)).toMatchObject({ apiKeys: ["eu-key"], region: "eu" });
  });

  it("says how to set a missing key, in both ways", () => {
    expect(() => readSettings("nylas", config({}), {})).toThrow(
      /pulumi config set --secret nylas:apiKey.*NYLAS_API_KEY/s,
    );
  });

  it.each([
    ["nylas:region", "mars", /"us" or "eu"/],
    ["nylas:apiUri", "ftp://x", /http or https/],
    ["nylas:apiUri", "https://user:word@example.com", /user name or password/],
    ["nylas:requestsPerSecond", "0", /from 1 to/],
    ["nylas:timeoutSeconds", "soon", /from 1 to/],
    ["nylas:apiKey", "two words", /cannot be sent in a header/],
  ])("refuses %s = %s, naming the key", (key, value, message) => {
    const attempt = () => readSettings("nylas", config({ "nylas:apiKey": "k", [key]: value }), {});
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(key);
    if (key === "nylas:apiKey") expect(attempt).not.toThrow(/two words/);
  });
});
