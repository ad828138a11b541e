import { describe, expect, it } from "vitest";
import {
  environmentVariable,
  misspeltVariables,
  readEndpoint,
  readSettings,
  SETTING_NAMES,
} from "../../provider/src/settings.js";
import { present } from "../../tools/harness/test-emulator.js";

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
    ["nylas:apiUri", "ftp://x", /https URL/],
    ["nylas:apiUri", "api.us.nylas.com", /https URL/],
    ["nylas:apiUri", "https://user:word@example.com", /user name or password/],
    ["nylas:allowHttp", "yes", /true or false/],
    ["nylas:allowHttp", "True", /true or false/],
    ["nylas:allowHttp", "1", /true or false/],
    ["nylas:requestsPerSecond", "0", /from 1 to/],
    ["nylas:timeoutSeconds", "soon", /from 1 to/],
    ["nylas:apiKey", "two words", /cannot be sent in a header/],
  ])("refuses %s = %s, naming the key", (key, value, message) => {
    const attempt = () => readSettings("nylas", config({ "nylas:apiKey": "k", [key]: value }), {});
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(key);
    if (key === "nylas:apiKey") expect(attempt).not.toThrow(/two words/);
  });

  it("says that it read a configuration namespace", () => {
    const attempt = () => readSettings("nylas-eu", config({}), {});
    expect(attempt).toThrow(/^Reading the configuration namespace "nylas-eu": there is no Nylas API key/);
  });
});

describe("apiUri", () => {
  const endpoint = (apiUri: string, more: Record<string, string> = {}) =>
    readEndpoint("nylas", config({ "nylas:apiUri": apiUri, ...more }), {}).apiUri;

  it.each([
    ["https://api.eu.nylas.com", "https://api.eu.nylas.com"],
    ["https://proxy.example.com/nylas//", "https://proxy.example.com/nylas"],
    ["https://proxy.example.com/v3/nylas", "https://proxy.example.com/v3/nylas"],
    ["http://127.0.0.1:8080/", "http://127.0.0.1:8080"],
    ["http://127.1.2.3", "http://127.1.2.3"],
    ["http://[::1]:8080", "http://[::1]:8080"],
    ["http://[0:0::1]", "http://[::1]"],
    ["http://LOCALHOST:8080", "http://localhost:8080"],
    ["http://nylas.localhost", "http://nylas.localhost"],
  ])("%s is accepted", (apiUri, expected) => {
    expect(endpoint(apiUri)).toBe(expected);
  });

  it.each([
    "http://api.us.nylas.com",
    "http://127.example.com",
    "http://127.0.0.1.example.com",
    "http://128.0.0.1",
    "http://0.0.0.0",
    "http://[::2]",
    "http://localhost.example.com",
    "http://notlocalhost",
  ])("%s is refused unless allowHttp is true", (apiUri) => {
    expect(() => endpoint(apiUri)).toThrow(/https.*nylas:allowHttp or NYLAS_ALLOW_HTTP/s);
    expect(() => endpoint(apiUri, { "nylas:allowHttp": "false" })).toThrow(/https/);
    expect(endpoint(apiUri, { "nylas:allowHttp": "true" })).toBe(apiUri);
    const env = { NYLAS_API_URI: apiUri, NYLAS_ALLOW_HTTP: "true" };
    expect(readEndpoint("nylas", config({}), env).apiUri).toBe(apiUri);
  });

  it.each(["https://api.us.nylas.com/v3", "https://api.us.nylas.com/v3/", "https://proxy.example.com/nylas/V3//"])(
    "%s is refused with the address to give",
    (apiUri) => {
      expect(() => endpoint(apiUri)).toThrow(/must not end in \/v3.*leave \/v3 out.*https:\/\/api\.us\.nylas\.com$/ms);
    },
  );

  it.each([
    "https://ops:s3cret@example.com",
    "https://s3cret@example.com",
    "https://example.com/?api_key=s3cret",
    "https://example.com/?",
    "https://example.com/#s3cret",
    "http://s3cret.example.com",
    "https://example.com/s3cret/v3",
    "s3cret",
  ])("%s is refused without being quoted", (apiUri) => {
    expect(() => endpoint(apiUri)).toThrow("nylas:apiUri must");
    expect(() => endpoint(apiUri)).not.toThrow("s3cret");
  });
});

describe("misspeltVariables", () => {
  const sentences = (application: string, values: Record<string, string>, env: Record<string, string>) =>
    misspeltVariables(application, config(values), env);

  it.each([
    ["NYLAS_APIKEY", "NYLAS_API_KEY"],
    ["NYLAS_API_URL", "NYLAS_API_URI"],
    ["NYLAS_REGOIN", "NYLAS_REGION"],
    ["nylas_region", "NYLAS_REGION"],
    ["NYLAS_APPLICATIONID", "NYLAS_APPLICATION_ID"],
    ["NYLAS_TIMEOUT_SECOND", "NYLAS_TIMEOUT_SECONDS"],
  ])("names %s as %s, and only while the latter has no value", (given, meant) => {
    expect(sentences("nylas", {}, { [given]: "x" })).toEqual([`${given} is not read; did you mean ${meant}?`]);
    const key = present(SETTING_NAMES.find((name) => environmentVariable("nylas", name) === meant));
    expect(sentences("nylas", { [`nylas:${key}`]: "x" }, { [given]: "x" })).toEqual([]);
    expect(sentences("nylas", {}, { [given]: "x", [meant]: "x" })).toEqual([]);
  });

  it.each([
    "NYLAS_DEBUG",
    "NYLAS_CLIENT_ID",
    "NYLAS_CLIENT_SECRET",
    "NYLAS_GRANT_ID",
    "NYLAS_ACCESS_TOKEN",
    "NYLAS_WEBHOOK_SECRET",
    "NYLAS_EMULATOR_PID",
    "NYLAS_EU_API_KEY",
    "MY_NYLAS_API_KEY",
  ])("says nothing of %s, which is not one", (name) => {
    expect(sentences("nylas", {}, { [name]: "x" })).toEqual([]);
  });

  it("looks at the variables of one application", () => {
    const env = { NYLAS_EU_REGOIN: "eu", NYLAS_REGOIN: "us" };
    expect(sentences("nylas-eu", {}, env)).toEqual(["NYLAS_EU_REGOIN is not read; did you mean NYLAS_EU_REGION?"]);
  });
});
