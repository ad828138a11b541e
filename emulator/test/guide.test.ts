import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { startEmulator } from "nylas-emulator";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCli } from "../../tools/harness/emulator-process.js";
import { present, TestEmulator } from "../../tools/harness/test-emulator.js";
import { makeWorkDirectory } from "../../tools/harness/work-directory.js";
import { emulatorRoutes } from "./support/emulator-routes.js";
import { examples, guide } from "./support/guide.js";

const execute = promisify(execFile);
const root = join(import.meta.dirname, "../..");
/** The seed that the guide starts its emulator with. */
const SEED = 7;
/** Longest wait for an answer that has an end, on a busy machine, in milliseconds. */
const PATIENCE_MS = 60_000;
/** A body that takes longer than this counts as stalled, in milliseconds. */
const ENDLESS_MS = 3_000;
/** Timers may fire a millisecond early. */
const EARLY_MS = 2;

let emulator: TestEmulator;
let directory: string;

/** Rows of the tables with this first column, without backticks. */
function table(firstColumn: string): string[][] {
  const tables = guide.split("\n\n").filter((text) => text.startsWith(`| ${firstColumn} |`));
  return tables.flatMap((text) => {
    const [, , ...rows] = text.trim().split("\n");
    return rows.map((row) => row.slice(2, -2).split(" | ").map(plain));
  });
}

function plain(cell: string): string {
  return cell.replaceAll("`", "");
}

/** A user's project with nothing but the installed packages. */
function project(): string {
  const made = mkdtempSync(join(directory, "project-"));
  symlinkSync(join(root, "node_modules"), join(made, "node_modules"), "junction");
  return made;
}

function send(method: string, path: string, body?: unknown, patienceMs = PATIENCE_MS): Promise<Response> {
  return fetch(`${emulator.emulator.apiUri}${path}`, {
    method,
    headers: { authorization: `Bearer ${emulator.emulator.apiKey}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(patienceMs),
  });
}

/** What the guide calls the errors of a body. */
const FAILURES: Readonly<Record<string, string>> = { TimeoutError: "without end", SyntaxError: "that is not JSON" };

/** Sends a request and describes its outcome in the guide's notation. */
async function outcome(method: string, path: string, patienceMs?: number): Promise<{ text: string; ms: number }> {
  const begin = performance.now();
  const text = await send(method, path, undefined, patienceMs).then(
    (answer) =>
      answer.json().then(
        () => `${answer.status}`,
        ({ name }: Error) => `${answer.status} ${FAILURES[name] ?? "cut off"}`,
      ),
    () => "nothing",
  );
  return { text, ms: performance.now() - begin };
}

beforeAll(async () => {
  directory = makeWorkDirectory("guide");
  emulator = await TestEmulator.start({ seed: SEED });
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
});

afterEach(() => emulator.call("DELETE", "/_emulator/faults"));

afterAll(async () => {
  await emulator.close();
  rmSync(directory, { recursive: true, force: true });
});

describe("the guide's commands", () => {
  it("run from the first to the last, but for the installation, and leave nothing running", async ({ skip }) => {
    const curl = await execute("bash", ["-c", "curl --version"]).catch(() => undefined);
    skip(curl === undefined, "bash or curl is not installed");
    const cwd = project();
    writeFileSync(join(cwd, "connect.mjs"), present(examples("js")[0]));
    const [installation, fromClone, ...blocks] = examples("sh");
    expect(installation).toContain("npx nylas-emulator --mail");
    expect(fromClone).toContain("npm pack");
    const script = ["set -eu", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", ...blocks].join("\n");
    const { stdout } = await execute("bash", ["-c", script], { cwd });
    const [fault, status, log] = stdout.split("\n");
    expect(status).toBe("503");
    expect(fault).toContain('"data":{}');
    expect(log).toContain('"path":"/v3/connect/custom"');
    for (const file of ["emulator.json", "other.json"]) {
      const { apiUri } = JSON.parse(readFileSync(join(cwd, file), "utf8")) as { apiUri: string };
      await expect(fetch(apiUri), file).rejects.toThrow("fetch failed");
    }
  });

  it("show the emulator's message where it refuses a request", async ({ skip }) => {
    const curl = await execute("bash", ["-c", "curl --version"]).catch(() => undefined);
    skip(curl === undefined, "bash or curl is not installed");
    const control = /^control\(\) .*$/m.exec(guide)?.[0];
    const { apiUri, apiKey } = emulator.emulator;
    const env = { ...process.env, NYLAS_API_URI: apiUri, NYLAS_API_KEY: apiKey };
    const refused = execute("bash", ["-c", `${control}\ncontrol PUT faults -d '[{ "unheard": 1 }]'`], { env });
    await expect(refused).rejects.toMatchObject({ code: 22, stdout: expect.stringContaining("a rule has") });
  });

  it("use options that exist", async () => {
    const { stdout: help } = await startCli("--help").ended;
    const lines = guide.split("\n").filter((line) => /nylas-emulator --|`--/.test(line));
    const options = lines.flatMap((line) => line.match(/(?<=[ `])--[a-z-]+/g) ?? []);
    const ofNpm = ["--save-dev"];
    expect(new Set(options.filter((option) => !ofNpm.includes(option))).size).toBeGreaterThanOrEqual(4);
    for (const option of options) {
      if (!ofNpm.includes(option)) expect(help).toMatch(new RegExp(`^ +(-h, )?${option}\\b`, "m"));
    }
  });

  it("choose among answers that exist", async () => {
    const chosen = [...guide.matchAll(/--behavior (\w+)=([\w.,]*\w)/g)].map(([, name = "", value = ""]) => [
      name,
      value,
    ]);
    expect(chosen.length).toBeGreaterThanOrEqual(3);
    const other = await startEmulator({ behavior: Object.fromEntries(chosen) });
    await other.close();
  });

  it("name the fields of the line that it prints", () => {
    const { close: _close, imapStarttls: _inProcess, pageUri: _onStandardError, ...printed } = emulator.emulator;
    const [sentence] = /It prints one line of JSON.*?their passwords/s.exec(guide) ?? [];
    const named = [...(sentence ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect(named.sort()).toEqual(Object.keys(printed).sort());
  });
});

describe("the guide's table of fields", () => {
  const rows = table("field").filter((row) => row.length === 3);

  it("has every field of a rule, and no other", async () => {
    const answer = await send("PUT", "/_emulator/faults", [{ unheard: 1 }]);
    const { error } = (await answer.json()) as { error: { message: string } };
    const [, known = ""] = /a rule has (.*)\./.exec(error.message) ?? [];
    expect(rows.map(([field]) => field).sort()).toEqual(known.split(", ").sort());
  });

  it.each(rows)("says of %s what the emulator expects: %s", async (field = "", expected = "") => {
    const answer = await send("PUT", "/_emulator/faults", [{ status: 500, [field]: {} }]);
    const { error } = (await answer.json()) as { error: { message: string } };
    expect(error.message).toContain(`${field} must be ${expected}`);
  });
});

describe("the guide's recipes", () => {
  const rows = table("to play");

  it.each(rows)("%s: %s", async (_name, rule = "", request = "", expected = "") => {
    const { id } = await emulator.foreignGrant(0);
    const [method = "", path = ""] = request.replace("{grant}", id).split(" ");
    await emulator.faults(JSON.parse(rule.replace("{grant}", id)));
    for (const answer of expected.split(", ")) {
      const [, text = "", atLeast = "0"] = /^(.*?)(?: after (\d+) ms)?$/.exec(answer) ?? [];
      const actual = await outcome(method, path, text.includes("without end") ? ENDLESS_MS : undefined);
      expect(actual.text).toBe(text);
      expect(actual.ms).toBeGreaterThanOrEqual(Number(atLeast) - EARLY_MS);
    }
  });

  it("a limit like Nylas's: 429 to whatever exceeds it", async () => {
    const limited = await TestEmulator.start({ mail: false, behavior: { rateLimitPerSecond: "5" } });
    try {
      const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(`${limited.emulator.apiUri}/v3/`)));
      expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
    } finally {
      await limited.close();
    }
  });

  it("a lost grant: 401 until it is authenticated again, same id", async () => {
    const { id } = await emulator.foreignGrant(0);
    await emulator.setStatus(id, "invalid");
    expect((await outcome("GET", `/v3/grants/${id}/messages`)).text).toBe("401");
    expect((await emulator.foreignGrant(0)).id).toBe(id);
    expect((await outcome("GET", `/v3/grants/${id}/messages`)).text).toBe("200");
  });

  it("a grant that Nylas has blocked: read and deleted as ever, but 423 for its mailbox", async () => {
    const { id } = await emulator.foreignGrant(0);
    await emulator.setBlocked(id, true);
    expect((await outcome("GET", `/v3/grants/${id}/messages`)).text).toBe("423");
    expect((await outcome("GET", `/v3/grants/${id}`)).text).toBe("200");
    expect((await outcome("DELETE", `/v3/grants/${id}`)).text).toBe("200");
  });

  it("a key that may not do everything: 403 to each call that needs a permission it lacks", async () => {
    const deniedPermissions = "grants.delete,connectors.create";
    const restricted = await TestEmulator.start({ mail: false, behavior: { deniedPermissions } });
    try {
      await expect(restricted.call("POST", "/v3/connectors", { provider: "imap" })).rejects.toThrow(": 403 ");
      expect(await restricted.connectors()).toEqual([]);
    } finally {
      await restricted.close();
    }
  });

  it("a password that was changed outside: valid until the mailbox is opened, then 401 and invalid", async () => {
    const { id, email } = await emulator.foreignGrant(1);
    await emulator.setPassword(email, "changed outside");
    expect(await emulator.grantOf(email)).toMatchObject({ id, grant_status: "valid" });
    expect((await outcome("GET", `/v3/grants/${id}/messages`)).text).toBe("401");
    expect(await emulator.grantOf(email)).toMatchObject({ id, grant_status: "invalid" });
  });
});

/** The page for people and its files. */
const IS_OF_THE_PAGE = /^\/_emulator(\/|\/[\w-]+\.(css|js))?$/;

describe("the guide's control interface", () => {
  it("is the emulator's, request for request", () => {
    const served = emulatorRoutes()
      .filter(({ path }) => path.startsWith("/_emulator") && !IS_OF_THE_PAGE.test(path))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/, "{$1}")}`);
    expect(
      table("request")
        .map(([request]) => request)
        .sort(),
    ).toEqual(served.sort());
  });

  it("shows an entry of the log as it is", async () => {
    await emulator.faults({ path: "/v3/grants", retryAfter: null });
    await emulator.forgetRequests();
    await send("GET", "/v3/grants?limit=2");
    const [entry] = await emulator.requests();
    const shown = JSON.parse(present(examples("json")[0])) as Record<string, unknown>;
    expect({ ...entry, time: shown.time, durationMs: shown.durationMs }).toEqual(shown);
    const fields = table("field").filter((row) => row.length === 2);
    expect(fields.map(([field]) => field)).toEqual(Object.keys(present(entry)));
  });

  it("shows an open question as it is", async () => {
    const other = await TestEmulator.start({ mail: false });
    try {
      await other.call("POST", "/v3/connectors", { provider: "imap" });
      await expect(other.call("POST", "/v3/connectors", { provider: "imap" })).rejects.toThrow("400");
      const questions = await other.call<unknown[]>("GET", "/_emulator/behaviors");
      expect(questions).toContainEqual(JSON.parse(present(examples("json")[1])));
    } finally {
      await other.close();
    }
  });
});
