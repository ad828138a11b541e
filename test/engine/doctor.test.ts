import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Diagnosis } from "../../provider/src/cli/doctor.js";
import { describeDiagnosis } from "../../provider/src/cli/report.js";
import { present, TestEmulator } from "../../tools/harness/test-emulator.js";
import { startHostileServer } from "../support/hostile-server.js";
import { type CommandRun, nylasImap, nylasImapCommand } from "../support/nylas-imap.js";
import { startTestProxy } from "../support/proxy.js";
import { World } from "./world.js";

interface Finding {
  code: string;
  level: string;
  subject: string;
  problem: string;
  remedy: string;
  link: string;
}

let world: World;

beforeEach(async () => {
  world = await World.open({
    users: ["ann", "ben", "cleo", "dora", "emil", "fay"].map((name) => ({
      username: `${name}@example.test`,
      password: `the password of ${name}`,
    })),
  });
});

afterEach(() => world.close());

async function exported(): Promise<string> {
  const file = join(world.stack.directory, "state.json");
  writeFileSync(file, await world.stack.state());
  return file;
}

async function doctor(
  env: Record<string, string>,
  ...args: string[]
): Promise<{ run: CommandRun; findings: Finding[] }> {
  const run = await nylasImap(env, "doctor", "--json", ...args);
  expect(run.stderr).toBe("");
  const { findings }: { findings: Finding[] } = JSON.parse(run.stdout);
  return { run, findings };
}

function codes(findings: readonly Finding[], about = ""): string[] {
  return findings
    .filter(({ subject }) => subject.includes(about))
    .map(({ code }) => code)
    .toSorted();
}

function longest(text: string): number {
  return Math.max(...text.split("\n").map(({ length }) => length));
}

describe("nylas-imap doctor", () => {
  it("has nothing to do where all is well, and sends only reads", async () => {
    const { emulator } = world;
    await world.given({ mailboxes: { ann: world.mailbox(0), ben: world.mailbox(1) } });
    const other = await world.anotherStack("second");
    await world.given({ connector: "imap", mailboxes: { cleo: world.mailbox(2) } }, other);
    const run = await nylasImap(emulator.env, "doctor", "--verify", "--state", await exported());
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toMatch(/ann@example\.test +valid +this stack +[0-9a-f-]{36}\n/);
    expect(run.stdout).toMatch(/cleo@example\.test +valid +stack [0-9a-f]{8} +[0-9a-f-]{36}\n/);
    const addresses = [...run.stdout.matchAll(/^\w+@example\.test/gm)].map(([address]) => address);
    expect(addresses).toEqual(["ann@example.test", "ben@example.test", "cleo@example.test"]);
    expect(run.stdout.replaceAll(/\n +/g, " ")).toMatch(
      /· grant [0-9a-f-]{36} of cleo@example\.test is marked by a stack whose digest is [0-9a-f]{8}/,
    );
    expect(run.stdout).toMatch(/Nothing to do\.\n$/);
    expect(await emulator.writes()).toEqual([]);
    // The application, the connector, one page of grants, and a look into each mailbox.
    expect(await emulator.requests()).toHaveLength(7);
  });

  it("shows the digest by which other stacks name this one", async () => {
    const { emulator } = world;
    await world.given({ mailboxes: { ann: world.mailbox(0) } });
    const other = await world.anotherStack("second");
    const file = await exported();
    world.declare({ connector: "imap", mailboxes: { ann: world.mailbox(0) } }, other);
    const refused = await world.failsIn(other, ["grant_exists"], "up");
    const [, named = ""] = /a stack whose digest is ([0-9a-f]{8})/.exec(refused.output) ?? [];
    const { stdout } = await nylasImap(emulator.env, "doctor", "--state", file);
    expect(stdout).toContain(`stack        first of project lifecycle, digest ${named}\n`);
    const { run } = await doctor(emulator.env, "--state", file);
    expect(JSON.parse(run.stdout).stack).toEqual({ name: "first", project: "lifecycle", digests: [named] });
    const { stdout: alone } = await nylasImap(emulator.env, "doctor");
    expect(alone).toContain(`stack ${named}`);
    expect(alone).not.toContain("stack        ");
  });

  it("finds what is wrong with grants, alone and against a stack's state", async () => {
    const { emulator, stack } = world;
    const ids = await world.given({
      mailboxes: { ann: world.mailbox(0), ben: world.mailbox(1), cleo: world.mailbox(2), dora: world.mailbox(3) },
    });
    const before = stack.checkpoint();
    const other = await world.anotherStack("second");
    await world.given({ connector: "imap", mailboxes: { emil: world.mailbox(4) } }, other);
    await emulator.foreignGrant(5);
    await emulator.setStatus(String(ids.ann), "invalid");
    await emulator.setBlocked(String(ids.ben), true);
    await emulator.setPassword("cleo@example.test", world.secret("changed outside"));
    await emulator.call("DELETE", `/v3/grants/${ids.dora}`);
    const young = await doctor(emulator.env, "--state", await exported());
    expect(codes(young.findings, "dora@")).toEqual(["grant_not_visible"]);
    const messages = { path: "/v3/grants/*/messages" };
    await emulator.faults({ ...messages, status: 404 });
    const unseen = await doctor(emulator.env, "--verify");
    expect(codes(unseen.findings, "cleo@")).toEqual(["grant_not_visible"]);
    await world.makeGrantsOld();
    await emulator.faults({ ...messages, status: 429, retryAfter: 3_600 });
    const limited = await doctor(emulator.env, "--verify");
    expect(codes(limited.findings, "cleo@")).toEqual(["mailbox_unreadable"]);
    expect(limited.findings.find(({ subject }) => subject.includes("cleo@"))?.remedy).toContain("60 minutes");
    await emulator.faults();

    const alone = await doctor(emulator.env, "--verify");
    expect(alone.run.code).toBe(1);
    expect(codes(alone.findings, "ann@")).toEqual(["grant_invalid"]);
    expect(codes(alone.findings, "ben@")).toEqual(["grant_blocked"]);
    expect(codes(alone.findings, "cleo@")).toEqual(["mailbox_unreadable"]);
    expect(codes(alone.findings, "fay@")).toEqual(["grant_unmanaged"]);
    expect(alone.findings).toHaveLength(4);
    expect((await doctor(emulator.env, "--allow-unmanaged")).findings.map(({ code }) => code)).not.toContain(
      "grant_unmanaged",
    );

    const compared = await doctor(emulator.env, "--state", await exported());
    expect(codes(compared.findings, "dora@")).toEqual(["grant_gone"]);
    expect(codes(compared.findings, "emil@")).toEqual(["grant_of_other_stack"]);
    const notes = compared.findings.filter(({ level }) => level === "note");
    expect(codes(notes)).toEqual(["grant_of_other_stack"]);

    // `pulumi state move` has taken ann's resource into the other stack's state, and nothing has been brought up since.
    const [from, to] = [JSON.parse(await stack.state()), JSON.parse(await other.state())];
    const isMoved = ({ urn }: { urn: string }) => urn.endsWith("::ann");
    to.deployment.resources.push(...from.deployment.resources.filter(isMoved));
    from.deployment.resources = from.deployment.resources.filter((resource: { urn: string }) => !isMoved(resource));
    const against = async (state: unknown) => {
      const file = join(stack.directory, "moved.json");
      writeFileSync(file, JSON.stringify(state));
      return (await doctor(emulator.env, "--state", file)).findings;
    };
    expect(codes(await against(to)).filter((code) => code === "grant_orphaned")).toEqual([]);
    const orphaned = (await against(from)).find(({ code }) => code === "grant_orphaned");
    expect(orphaned?.remedy).toContain("if it was moved");

    // A mailbox of another configuration namespace is looked at with that one's key.
    const [emil] = to.deployment.resources.filter(({ urn }: { urn: string }) => urn.endsWith("::emil"));
    emil.outputs.applicationId = "of-another-application";
    expect(codes(await against(to), "emil@")).toContain("state_of_other_application");
    emil.outputs.application = "nylas-eu";
    expect(codes(await against(to), "emil@")).not.toContain("state_of_other_application");

    // The state of before knows nothing of a mailbox that was declared since.
    await emulator.setBlocked(String(ids.ben), false);
    world.declare({ mailboxes: { ann: world.mailbox(0), fay: world.mailbox(5, { args: { onExisting: "adopt" } }) } });
    await stack.up("--refresh", "--continue-on-error");
    const state = await exported();
    stack.restore(before);
    const old = await exported();
    expect(state).toBe(old);
    expect(codes((await doctor(emulator.env, "--state", old)).findings, "fay@")).toEqual(["grant_orphaned"]);

    // Another stack takes a grant over.
    world.declare(
      {
        connector: "imap",
        mailboxes: { emil: world.mailbox(4), ann: world.mailbox(0, { args: { onExisting: "adopt" } }) },
      },
      other,
    );
    await other.up();
    expect(codes((await doctor(emulator.env, "--state", old)).findings, "ann@")).toEqual([
      "grant_of_other_stack",
      "grant_taken",
    ]);
    await other.destroy();
    for (const { id } of await emulator.grants()) world.leaves(id);
  });

  it("compares with a stack of the native provider", async () => {
    const native = await World.open(undefined, "native");
    try {
      const { emulator, stack } = native;
      const [ann, ben, cleo] = [native.mailbox(0), native.mailbox(1), native.mailbox(2)];
      const ids = await native.given({ mailboxes: { ann, ben } });
      const before = stack.checkpoint();
      const file = join(stack.directory, "state.json");
      writeFileSync(file, await stack.state());
      const well = await doctor(emulator.env, "--state", file);
      expect(well.run.code).toBe(0);
      expect(JSON.parse(well.run.stdout).grants).toMatchObject([{ owner: "this stack" }, { owner: "this stack" }]);

      await native.deletedLongAgo(ids.ben);
      expect(codes((await doctor(emulator.env, "--state", file)).findings)).toEqual(["grant_gone"]);

      // The state of before knows nothing of a mailbox that was declared since.
      await native.given({ mailboxes: { ann, cleo } });
      stack.restore(before);
      writeFileSync(file, await stack.state());
      expect(codes((await doctor(emulator.env, "--state", file)).findings)).toEqual(["grant_gone", "grant_orphaned"]);
    } finally {
      await native.close();
    }
  });

  it("finds what is wrong with settings, the connector and another application's state", async () => {
    const { emulator } = world;
    const empty = await doctor({ ...emulator.env, NYLAS_REGION: "eu", NYLAS_REQUESTS_PER_SECOND: "80" });
    expect(codes(empty.findings)).toEqual(["connector_missing", "rate_above_limit", "region_differs"]);
    expect(empty.run.code).toBe(1);

    const european = world.owns(await TestEmulator.start({ mail: false, region: "eu" }));
    const [asEu, asUs] = [await doctor({ ...european.env, NYLAS_REGION: "eu" }), await doctor(european.env)];
    expect([codes(asEu.findings), codes(asUs.findings)]).toEqual([
      ["connector_missing"],
      ["connector_missing", "region_differs"],
    ]);

    await world.given({ mailboxes: { ann: world.mailbox(0) } });
    const another = await world.anotherApplication();
    const foreign = await doctor(another.env, "--state", await exported());
    expect(codes(foreign.findings)).toEqual(["connector_missing", "state_of_other_application"]);
  });

  it("finds an address that is http, where others can listen", async () => {
    await world.given({ mailboxes: { ann: world.mailbox(0) } });
    const { emulator } = world;
    const proxy = world.owns(await startTestProxy({ target: Number(new URL(emulator.emulator.apiUri).port) }));
    const env = {
      ...emulator.env,
      NYLAS_API_URI: "http://nylas.example.test",
      NYLAS_ALLOW_HTTP: "true",
      HTTP_PROXY: `http://127.0.0.1:${proxy.port}`,
    };
    const { run, findings } = await doctor(env);
    expect(codes(findings)).toEqual(["http_in_clear"]);
    expect(run.code).toBe(1);
  });

  it("finds a grant that breaks Nylas's contract, and one with an unknown status, beside one that is well", async () => {
    const answers: Record<string, unknown> = {
      "/v3/connectors/imap": { provider: "imap", name: "IMAP" },
      "/v3/grants": [
        { id: "broken", provider: "imap", email: "ann@example.test", grant_status: 7, created_at: 1_700_000_000 },
        { id: "whole", provider: "imap", email: "ben@example.test", grant_status: "valid", created_at: 1_700_000_000 },
        { id: "odd", provider: "imap", email: "cleo@example.test", grant_status: "paused", created_at: 1_700_000_000 },
      ],
    };
    const server = world.owns(
      await startHostileServer((request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
        const data = answers[pathname];
        const rest = Array.isArray(data) ? data.slice(Number(searchParams.get("offset"))) : data;
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ request_id: "r-1", data: rest }));
      }),
    );
    const env = { NYLAS_API_KEY: "nyk_of_a_test", NYLAS_API_URI: server.uri };
    const { run, findings } = await doctor(env, "--allow-unmanaged");
    expect(codes(findings, "cleo@")).toEqual(["grant_status_unknown"]);
    expect(codes(findings, "ben@")).toEqual([]);
    expect(codes(findings, "ann@")).toEqual(["grant_unreadable"]);
    expect(run.code).toBe(1);
    const { grants }: { grants: { email: string }[] } = JSON.parse(run.stdout);
    expect(grants.map(({ email }) => email)).toEqual(["ben@example.test", "cleo@example.test"]);
  });

  it("prints one JSON object with --json also if it cannot look", async () => {
    const { emulator } = world;
    const cases: [Record<string, string>, string[], string][] = [
      [{ ...emulator.env, NYLAS_API_KEY: world.secret("nyk_wrong_0123456789") }, [], "api_key_refused"],
      [{ ...emulator.env, NYLAS_API_URI: "http://127.0.0.1:1" }, [], "nylas_unavailable"],
      [{}, [], "invalid_input"],
      [emulator.env, ["--out", "x"], "invalid_input"],
      [emulator.env, ["--unknown"], "invalid_input"],
      [emulator.env, ["--state", "no such file"], "invalid_input"],
    ];
    for (const [env, args, code] of cases) {
      const run = await nylasImap(env, "doctor", "--json", ...args);
      expect(run.code, code).toBe(2);
      const printed: unknown = JSON.parse(run.stdout);
      expect(printed).toEqual({ error: expect.objectContaining({ code, answer: expect.any(String) }) });
      expect(run.stderr).toContain(`(${code})`);
    }
    const refused: unknown = JSON.parse((await nylasImap(present(cases[0])[0], "doctor", "--json")).stdout);
    expect(refused).toMatchObject({
      error: {
        status: 401,
        remedy: expect.stringContaining("check NYLAS_REGION, then give a valid key in NYLAS_API_KEY"),
      },
    });
  });

  it("ends quietly with its code when the reader of a pipe has gone, and says what else cannot be written", async () => {
    const { emulator } = world;
    await world.given({ mailboxes: { ann: world.mailbox(0) } });
    const ends = async (script: string) => {
      const { stdout, stderr } = await promisify(execFile)("bash", ["--norc", "-c", script], {
        env: { ...emulator.env, PATH: process.env.PATH ?? "", NODE: process.execPath, COMMAND: nylasImapCommand },
      });
      return { stdout: stdout.trim(), stderr };
    };
    const into = (reader: string) => `"$NODE" "$COMMAND" doctor | ${reader}; echo "\${PIPESTATUS[0]}"`;
    expect(await ends(into("true"))).toEqual({ stdout: "0", stderr: "" });
    expect(await ends(into("head -1"))).toEqual({ stdout: expect.stringMatching(/^application .*\n0$/), stderr: "" });
    await emulator.foreignGrant(5);
    expect(await ends(into("true"))).toEqual({ stdout: "1", stderr: "" });
    if (process.platform !== "linux") return;
    const full = await ends('"$NODE" "$COMMAND" doctor > /dev/full; echo "$?"');
    expect(full).toEqual({ stdout: "2", stderr: expect.stringContaining("Standard output cannot be written: ENOSPC") });
  });

  it("fits every terminal, and is the same text with colors and without", async () => {
    const { emulator } = world;
    await emulator.call("POST", "/v3/connectors", { provider: "imap" });
    for (const index of emulator.users.keys()) await emulator.foreignGrant(index);
    await emulator.setStatus((await emulator.grantOf("ann@example.test")).id, "invalid");
    const print = (env: Record<string, string>) => nylasImap({ ...emulator.env, ...env }, "doctor");
    const { stdout: piped } = await print({});
    const { stdout: colored } = await print({ FORCE_COLOR: "1" });
    expect(colored).not.toBe(piped);
    // A color takes the place of the backticks around code.
    const words = (text: string) => stripVTControlCharacters(text).replaceAll("`", "").split(/\s+/);
    expect(words(colored)).toEqual(words(piped));
    expect((await print({ NO_COLOR: "1" })).stdout).toBe(piped);
    expect(longest(piped)).toBeLessThanOrEqual(80);

    const diagnosis: Diagnosis = JSON.parse((await nylasImap(emulator.env, "doctor", "--json")).stdout);
    const style = (_: string, text: string) => text;
    for (const columns of [40, 60, 80, 100]) {
      const text = describeDiagnosis(diagnosis, { columns, styled: false, style });
      // A word that is longer than a line stays whole.
      const breakable = text.replaceAll(/https:\S+/g, "").replaceAll(/application +\S+/g, "");
      expect(longest(breakable), text).toBeLessThanOrEqual(columns);
      for (const { id } of await emulator.grants()) expect(text).toContain(id);
    }
  });

  it("names a permission that the key lacks", async () => {
    const restricted = await TestEmulator.start({ behavior: { deniedPermissions: "grants.read" } });
    try {
      const { run, findings } = await doctor(restricted.env);
      expect(run.code).toBe(1);
      expect(codes(findings)).toContain("permission_denied");
    } finally {
      await restricted.close();
    }
    const blind = await TestEmulator.start({ behavior: { deniedPermissions: "messages.read" } });
    try {
      await blind.call("POST", "/v3/connectors", { provider: "imap" });
      for (const index of [0, 1]) await blind.foreignGrant(index);
      const { findings } = await doctor(blind.env, "--verify", "--allow-unmanaged");
      expect(codes(findings)).toEqual(["permission_denied"]);
    } finally {
      await blind.close();
    }
  });

  it("ends with 2 where it cannot look, and says why without the key", async () => {
    const env = { ...world.emulator.env, NYLAS_API_KEY: "nyk_wrong_and_secret" };
    const refused = await nylasImap(env, "doctor");
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("api_key_refused");
    expect(refused.stderr).not.toContain("nyk_wrong");
    const keyless = await nylasImap({}, "doctor");
    expect(keyless).toMatchObject({ code: 2, stderr: expect.stringMatching(/give one in NYLAS_API_KEY\n/) });
    for (const args of [
      ["docter"],
      ["doctor", "--application", "nylas_eu"],
      ["doctor", "more"],
      ["doctor", "--statte", "x"],
      ["doctor", "--state", "nowhere.json"],
    ]) {
      expect(await nylasImap(world.emulator.env, ...args)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("nylas-imap --help"),
      });
    }
    expect(await world.emulator.requests()).toHaveLength(1);
  });

  it("has help and a version", async () => {
    const { stdout } = await nylasImap({}, "--help");
    for (const text of ["Usage: nylas-imap", "  doctor ", "  export ", "--state", "--out"])
      expect(stdout).toContain(text);
    expect((await nylasImap({}, "--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
