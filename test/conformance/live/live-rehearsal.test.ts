import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { fieldOf } from "../../../emulator/test/register/answer.js";
import { authenticate, type Expectation, settingsOf } from "../../../emulator/test/register/expectation.js";
import { ask } from "../../../emulator/test/register/http.js";
import { behaviorNames, defaultOf } from "../../../emulator/test/register/register.js";
import { type CliProcess, type Ready, startCli, stopCli } from "../../../tools/harness/emulator-process.js";
import { type Answers, allRows } from "../../../tools/harness/open-questions.js";
import { type LoggedRequest, present, type WireGrant } from "../../../tools/harness/test-emulator.js";
import { quickEngine } from "../../support/quick-engine.js";
import { type LiveConfig, readLiveConfig } from "./live-config.js";
import { LivePlace, NotTried } from "./live-place.js";
import { FIRST, LIVE, LiveRun } from "./live-run.js";

const ROOT = join(import.meta.dirname, "../../..");
const COMMAND = [
  join(ROOT, "node_modules/vitest/vitest.mjs"),
  ...["run", "--reporter=verbose", "--no-color", "test/conformance/live/live.test.ts"],
];

/** What stands in an application, as its lists show it. */
interface Standing {
  grants: WireGrant[];
  connectors: unknown[];
}

/** Safe at Nylas in no way, or not within one run. */
const NEVER_SETTLED = [
  "authLimit",
  "blockedGrant",
  "deniedPermissions",
  "invalidGrant",
  "nonAsciiPassword",
  "oauthErrors",
  "participantName",
  "reauthWorkspace",
  "partialSettings",
  "smtpRequired",
  "newGrantLagSeconds",
  "grantsPerPage",
  "listedAddress",
  "rateLimitPerSecond",
  "rateLimitRetryAfter",
  "rateLimitType",
  "s256Challenge",
];
const GRANT_STEPS = LIVE.filter(({ given }) => given === "grant");
const WRITES = ["PUT", "PATCH", "DELETE"];

const running = new Set<CliProcess>();

afterEach(async () => {
  await Promise.all([...running].map(stopCli));
  running.clear();
});

describe("the live suite, rehearsed at an emulator", () => {
  const rows: Answers[] = [{}, ...allRows(), { stateEcho: "omitted" }, { stateEcho: "kept" }];

  it.each(rows.map((answers) => ({ answers })))("settles what $answers plays", async ({ answers }) => {
    const rehearsal = await Rehearsal.start(answers);
    const { lines, failures, skipped } = await rehearsal.run();
    expect(failures).toEqual([]);
    expect(skipped).toEqual([]);
    expect(lines.slice(0, behaviorNames().length)).toEqual(behaviorNames().map((name) => lineOf(name, answers)));
    await rehearsal.expectUntouched();
  });

  function lineOf(name: string, answers: Answers): unknown {
    const chosen: Readonly<Record<string, string>> = answers;
    const value = chosen[name] ?? defaultOf(present(behaviorNames().find((known) => known === name)));
    const purged = chosen.connectorDelete === "purge" || chosen.connectorDeleteGraceSeconds === "0";
    // Grants answer 401, and the other endpoints have one type for both.
    const untold = name === "notFoundType" && chosen.missingGrant === "401" && value !== "plain";
    if (untold) return "not settled: notFoundType (specific or generic)";
    if (NEVER_SETTLED.includes(name)) return expect.stringMatching(`^not settled: ${name} \\(`);
    if (name === "connectorDelete" && purged) return "settled: connectorDelete = purge";
    if (name === "connectorDeleteGraceSeconds") {
      return purged ? `not settled: ${name} (one deletion of a connector is enough)` : `settled: ${name} > 0`;
    }
    return `settled: ${name} ${value === "3600" ? "> 0" : `= ${value}`}`;
  }

  it("asks what matters most before anything else of its phase, in the order of the page", async () => {
    const page = await readFile(join(ROOT, "emulator/docs/nylas-answers.md"), "utf8");
    const [questions = ""] = /\| question \| switch \|.*?\n\n/s.exec(page) ?? [];
    const onPage = [...questions.matchAll(/\| `(\w+)`[^|]* \| /g)].map(([, name]) => name);
    expect(onPage).toEqual(FIRST);
    const isFirst = ({ instead = {} }: Expectation) => FIRST.some((name) => instead[name] !== undefined);
    for (const phase of new Set(LIVE.map(({ given }) => given))) {
      // Without a connector the refusals come first.
      if (phase === "no connector") continue;
      const ofPhase = LIVE.filter(({ given }) => given === phase).map(isFirst);
      expect(ofPhase).toEqual(ofPhase.toSorted((left, right) => Number(right) - Number(left)));
    }
    const asked = FIRST.filter((name) => LIVE.some(({ instead = {} }) => instead[name] !== undefined));
    expect(asked).toEqual(["missingGrant", "contentType"]);
  });

  it("leaves a connector alone that is there already", async () => {
    const rehearsal = await Rehearsal.start();
    await rehearsal.call("POST", "/v3/connectors", { provider: "imap", name: "somebody's" });
    await rehearsal.call("POST", "/v3/connectors", { provider: "google" });
    const { lines, failures } = await rehearsal.run();
    expect(failures).toEqual([]);
    for (const name of ["duplicateConnector", "missingConnector", "connectorPut", "connectorName", "connectorDelete"]) {
      expect(lines).toContain(`not settled: ${name} (the application has an IMAP connector already)`);
    }
    expect(lines).toContain("settled: reauthStatus = 201");
    expect(lines).toContain("settled: unreachableHost = 504");
    await rehearsal.expectUntouched();
  });

  it("leaves a grant alone that the mailbox has already, and every other one", async () => {
    const rehearsal = await Rehearsal.start();
    await rehearsal.call("POST", "/v3/connectors", { provider: "imap" });
    await rehearsal.connect(0);
    await rehearsal.connect(1);
    const { lines, failures } = await rehearsal.run();
    expect(failures).toEqual([]);
    for (const name of ["reauthStatus", "settingsEcho", "scope", "badCredentials", "missingSmtp"]) {
      expect(lines).toContain(`not settled: ${name} (the mailbox has a grant already)`);
    }
    expect(lines).toContain("settled: unauthorizedType = api.authentication_error");
    await rehearsal.expectUntouched();
    // The two that the test itself has made.
    expect(await rehearsal.writes("POST", "/v3/connect/custom", 201)).toBe(2);
  });

  it("sends no write to what it has not made, whatever an expectation asks for", async () => {
    const rehearsal = await Rehearsal.start();
    await rehearsal.call("POST", "/v3/connectors", { provider: "imap" });
    const { id } = await rehearsal.connect(0);
    await rehearsal.begin();
    const place = await LivePlace.open(present(readLiveConfig(rehearsal.env)));
    const writes = [
      () => place.call("DELETE", `/v3/grants/${id}`),
      () => place.call("PATCH", `/v3/grants/${id}`, { json: {} }),
      () => place.call("POST", `/v3/grants/${id}/messages/send`, { json: {} }),
      () => place.call("PUT", "/v3/connectors/imap", { json: {} }),
      () => place.call("PATCH", "/v3/connectors/imap", { json: {} }),
      () => place.call("DELETE", "/v3/connectors/imap"),
      () => place.call("POST", "/v3/connectors", { json: { provider: "imap" } }),
      () => place.call("POST", "/v3/connectors", { json: { provider: "google" } }),
      () => place.call("DELETE", "/v3/applications"),
      () => authenticate(place),
    ];
    for (const write of writes) await expect(write()).rejects.toBeInstanceOf(NotTried);
    expect(await place.cleanUp()).toEqual([]);
    await rehearsal.expectUntouched();
  });

  it("keeps its connector when somebody's grant stands on it", async () => {
    const rehearsal = await Rehearsal.start();
    const live = await rehearsal.begin();
    for (const expectation of LIVE.filter(({ given }) => given !== "connector and grant")) await live.play(expectation);
    const foreign = await rehearsal.connect(1);
    for (const expectation of LIVE.filter(({ given }) => given === "connector and grant")) {
      expect(await live.play(expectation)).toBe("somebody else's grant stands on the connector");
    }
    await live.cleanUp();
    expect(live.lines()).toContain("left behind: the IMAP connector: somebody else's grant stands on the connector");
    expect((await rehearsal.standing()).grants).toEqual([foreign]);
  });

  it("sends nothing and tries no wrong password unless it was asked to", async () => {
    const rehearsal = await Rehearsal.start();
    const { lines, failures } = await rehearsal.run({ send: false, wrongPassword: false });
    expect(failures).toEqual([]);
    expect(lines).toContain("not settled: badCredentials (NYLAS_LIVE_WRONG_PASSWORD=1 is not set)");
    expect(lines).toContain("not settled: missingSmtp (NYLAS_LIVE_SEND=1 is not set)");
    expect(await rehearsal.messages()).toBe(0);
    await rehearsal.expectUntouched();
  });

  it("fails at an unknown answer, with its request's id, and goes on", async () => {
    const rehearsal = await Rehearsal.start();
    await rehearsal.faults({ path: "/v3/connectors", method: "POST", status: 503, nth: 4 });
    const { lines, failures } = await rehearsal.run();
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/known is .*, and 503 api\.internal_error.*, request id [0-9a-f-]{36} came$/);
    expect(lines).toContain("settled: reauthStatus = 201");
    await rehearsal.expectUntouched();
  });

  it.each([
    ["every fifth connection breaks", { path: "/v3/*", probability: 0.2, reset: true }],
    ["the API fails from the middle on", { path: "/v3/grants/*", method: "GET", nth: 10, times: 1000, status: 500 }],
  ])("cleans up when %s", async (_, rule) => {
    const rehearsal = await Rehearsal.start();
    const live = await rehearsal.begin();
    await rehearsal.faults(rule);
    const outcomes = await inTurn(LIVE, (expectation) => live.play(expectation));
    await rehearsal.faults();
    expect(outcomes.filter((outcome) => outcome !== undefined).length).toBeGreaterThan(3);
    await live.cleanUp();
    await rehearsal.expectUntouched();
  });

  it("finds its grant by its mark when the answer to the authentication was lost", async () => {
    const rehearsal = await Rehearsal.start();
    const live = await rehearsal.begin();
    await rehearsal.faults({ path: "/v3/connect/custom", nth: 1, reset: true, afterEffect: true });
    await inTurn(GRANT_STEPS, (expectation) => live.play(expectation));
    expect((await rehearsal.standing()).grants).toHaveLength(1);
    await live.cleanUp();
    expect(live.lines().filter((line) => line.startsWith("left"))).toEqual([]);
    await rehearsal.expectUntouched();
  });

  it("names the grant of a run that was interrupted, and leaves it to the user", async () => {
    const rehearsal = await Rehearsal.start();
    const interrupted = await rehearsal.begin();
    await interrupted.play(
      present(
        GRANT_STEPS.find(
          ({ endpoint, situation }) => endpoint === "GET /v3/grants/{grantId}" && situation === "a grant",
        ),
      ),
    );
    const grant = present((await rehearsal.standing()).grants[0]);
    await rehearsal.connect(1);
    const { lines, failures } = await rehearsal.run();
    expect(failures).toEqual([]);
    expect(lines).toContain("not settled: reauthStatus (the mailbox has a grant already)");
    const { apiUri } = present(readLiveConfig(rehearsal.env));
    expect(lines.filter((line) => line.startsWith("left"))).toEqual([
      `left behind by an earlier run: grant ${grant.id}: DELETE ${apiUri}/v3/grants/${grant.id}`,
    ]);
    expect((await rehearsal.standing()).grants.map(({ id }) => id)).toContain(grant.id);
  });

  it("says what it cannot know to be its own", async () => {
    const rehearsal = await Rehearsal.start({ stateEcho: "omitted" });
    const live = await rehearsal.begin();
    await rehearsal.faults({ path: "/v3/connect/custom", reset: true, afterEffect: true });
    await inTurn(GRANT_STEPS, (expectation) => live.play(expectation));
    await rehearsal.faults();
    await live.cleanUp();
    const [grant] = (await rehearsal.standing()).grants;
    const line = `left behind: grant ${grant?.id}: whether this run has made it cannot be known`;
    expect(live.lines()).toContain(line);
  });
});

describe("npx vitest run test/conformance/live/live.test.ts", () => {
  it("is skipped, by its name, without a key", async () => {
    const output = await vitest({});
    expect(output).toContain("Nylas itself (with NYLAS_LIVE_API_KEY and a mailbox");
    expect(output).toMatch(new RegExp(`Tests\\s+${LIVE.length} skipped`));
  });

  it("leaves the engine alone that other tests are running on", async () => {
    const before = engineFiles();
    await vitest({});
    expect(engineFiles()).toEqual(before);
  });

  it("plays everything with one, prints what it settled, and no secret", async () => {
    const rehearsal = await Rehearsal.start({ duplicateConnector: "409", scope: "null" });
    const output = await vitest(rehearsal.env);
    expect(output).toMatch(new RegExp(`Tests\\s+${LIVE.length} passed`));
    expect(output).toContain("settled: duplicateConnector = 409\n");
    expect(output).toContain("settled: scope = null\n");
    for (const secret of [rehearsal.env.NYLAS_LIVE_API_KEY, rehearsal.env.NYLAS_LIVE_IMAP_PASSWORD]) {
      expect(output).not.toContain(present(secret));
    }
    await rehearsal.expectUntouched();
  });
});

/** Which files the engine's copy consists of, and when each was written. */
function engineFiles(): { inode: bigint; written: bigint }[] {
  const directory = quickEngine();
  if (directory === undefined) return [];
  return readdirSync(directory).map((name) => {
    const { ino, mtimeNs } = statSync(join(directory, name), { bigint: true });
    return { inode: ino, written: mtimeNs };
  });
}

/** What came of each: undefined, a reason or an error. */
async function inTurn<T>(items: readonly T[], play: (item: T) => Promise<unknown>): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  for (const item of items) outcomes.push(await play(item).catch((error: unknown) => error));
  return outcomes;
}

/** An application at an emulator in a process of its own. */
class Rehearsal {
  readonly #ready: Ready;
  #before: Standing | undefined;

  private constructor(ready: Ready) {
    this.#ready = ready;
  }

  static async start(answers: Answers = {}): Promise<Rehearsal> {
    const chosen = Object.entries(answers).flatMap(([name, value]) => ["--behavior", `${name}=${value}`]);
    const cli = startCli("--mail", "--seed", "1", ...chosen);
    running.add(cli);
    return new Rehearsal(await cli.ready());
  }

  get env(): Record<string, string> {
    const { apiUri, apiKey, imap, smtp } = this.#ready;
    const { username, password } = present(this.#ready.users[0]);
    return {
      NYLAS_LIVE_API_KEY: apiKey,
      NYLAS_LIVE_API_URI: apiUri,
      NYLAS_LIVE_IMAP_USERNAME: username,
      NYLAS_LIVE_IMAP_PASSWORD: password,
      NYLAS_LIVE_IMAP_HOST: imap.host,
      NYLAS_LIVE_IMAP_PORT: String(imap.port),
      NYLAS_LIVE_SMTP_HOST: smtp.host,
      NYLAS_LIVE_SMTP_PORT: String(smtp.port),
      NYLAS_LIVE_WRONG_PASSWORD: "1",
      NYLAS_LIVE_SEND: "1",
    };
  }

  async begin(other: Partial<LiveConfig> = {}): Promise<LiveRun> {
    this.#before ??= await this.standing();
    return LiveRun.begin({ ...present(readLiveConfig(this.env)), gapMs: 0, ...other });
  }

  async run(other: Partial<LiveConfig> = {}): Promise<{ lines: string[]; failures: string[]; skipped: string[] }> {
    const live = await this.begin(other);
    const failures: string[] = [];
    const skipped: string[] = [];
    for (const expectation of LIVE) {
      try {
        const reason = await live.play(expectation);
        if (reason !== undefined) skipped.push(reason);
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
      }
    }
    await live.cleanUp();
    return { lines: live.lines(), failures, skipped };
  }

  async call<T>(method: string, path: string, json?: unknown): Promise<T> {
    const answer = await ask(this.#ready.apiUri, this.#ready.apiKey, method, path, { json });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status}`);
    // The caller knows what it has asked for.
    return fieldOf(answer, "data") as T;
  }

  /** Somebody else gives one of the mailboxes a grant. */
  connect(index: number): Promise<WireGrant> {
    const { imap, smtp, users } = this.#ready;
    const settings = settingsOf({ mailbox: { ...present(users[index]), imap, smtp } });
    return this.call("POST", "/v3/connect/custom", { provider: "imap", settings, state: "somebody's" });
  }

  faults(...rules: Record<string, unknown>[]): Promise<unknown> {
    return this.call("PUT", "/_emulator/faults", rules);
  }

  async standing(): Promise<Standing> {
    return {
      grants: await this.call("GET", "/v3/grants?limit=200"),
      connectors: await this.call("GET", "/v3/connectors"),
    };
  }

  /** How often a request was answered so. */
  async writes(method: string, path: string, status: number): Promise<number> {
    const log: LoggedRequest[] = await this.call("GET", "/_emulator/requests");
    return log.filter((request) => request.method === method && request.path === path && request.status === status)
      .length;
  }

  /** In the mailbox, read with a grant of its own. */
  async messages(): Promise<number> {
    await this.call("POST", "/v3/connectors", { provider: "imap" });
    const { id } = await this.connect(0);
    const messages: unknown[] = await this.call("GET", `/v3/grants/${id}/messages`);
    await this.call("DELETE", `/v3/grants/${id}`);
    await this.call("DELETE", "/v3/connectors/imap");
    return messages.length;
  }

  /** All as it was, and no write to what was there. */
  async expectUntouched(): Promise<void> {
    const before = this.#before ?? { grants: [], connectors: [] };
    expect(await this.standing()).toEqual(before);
    const log: LoggedRequest[] = await this.call("GET", "/_emulator/requests");
    const written = log.filter(({ method }) => WRITES.includes(method)).map(({ path }) => path);
    const there = before.grants.map(({ id }) => `/v3/grants/${id}`);
    if (before.connectors.length > 0) there.push("/v3/connectors/imap", "/v3/connectors/google");
    expect(written.filter((path) => there.includes(path))).toEqual([]);
    expect(log.length).toBeGreaterThan(0);
  }
}

/** The suite as its user starts it. */
async function vitest(env: Record<string, string>): Promise<string> {
  const options = { cwd: ROOT, env: environment(env), maxBuffer: 16 * 1024 * 1024 };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, COMMAND, options);
  return stdout + stderr;
}

function environment(env: Record<string, string>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(NYLAS_LIVE_|VITEST|CONTRACT_)/.test(name));
  return { ...Object.fromEntries(own), ...env, NO_COLOR: "1" };
}
