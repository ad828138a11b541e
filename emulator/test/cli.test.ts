import { execFileSync, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { startEmulator } from "nylas-emulator";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { EmulatorApi, emulatorCli } from "../../tools/harness/emulator.mjs";
import { type CliProcess, type Ready, startCli, stopCli } from "../../tools/harness/emulator-process.js";
import { isAlive } from "../../tools/harness/processes.mjs";
import { present, type WireGrant } from "../../tools/harness/test-emulator.js";
import { until } from "../../tools/harness/until.js";

const ENDS_WITHIN_MS = 10_000;
/** For processes that start at the same time on a busy machine. */
const PATIENCE_MS = 60_000;

let directory: string;
const running = new Set<CliProcess>();

function start(...args: string[]): CliProcess {
  const process = startCli(...args);
  running.add(process);
  return process;
}

/** A usage that must be refused: the message. */
async function refused(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await start(...args).ended;
  expect(code, stderr).toBe(2);
  expect(stdout).toBe("");
  return stderr;
}

function call<T>(emulator: Pick<Ready, "apiUri" | "apiKey">, method: string, path: string, body?: unknown): Promise<T> {
  return new EmulatorApi(emulator).call<T>(method, path, body);
}

/** Connects the first mailbox. */
async function connect(emulator: Pick<Ready, "apiUri" | "apiKey" | "imap" | "users">): Promise<WireGrant> {
  const { username, password } = present(emulator.users[0]);
  const { host, port } = emulator.imap;
  const settings = { imap_username: username, imap_password: password, imap_host: host, imap_port: port };
  return call(emulator, "POST", "/v3/connect/custom", { provider: "imap", settings });
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "nylas-emulator-"));
});

afterEach(async () => {
  await Promise.all([...running].map(stopCli));
  running.clear();
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("nylas-emulator --mail", () => {
  it("prints one line of JSON, works, and ends with 0 when it is asked to", async () => {
    const cli = start("--mail");
    const emulator = await cli.ready();
    expect(Object.keys(emulator)).toEqual([
      "apiUri",
      "apiKey",
      "applicationId",
      "region",
      "ca",
      "imap",
      "smtp",
      "users",
    ]);
    for (const server of [emulator.imap, emulator.smtp]) expect(Object.keys(server)).toEqual(["host", "port"]);
    expect(emulator.users).toHaveLength(3);
    for (const user of emulator.users) expect(Object.keys(user)).toEqual(["username", "password"]);
    expect(new URL(emulator.apiUri).hostname).toBe("127.0.0.1");
    expect(emulator.ca).toMatch(/^-----BEGIN CERTIFICATE-----/);

    await call(emulator, "POST", "/v3/connectors", { provider: "imap" });
    const grant = await connect(emulator);
    expect(await call(emulator, "GET", `/v3/grants/${grant.id}/messages`)).toEqual([]);

    const { code, signal, stdout, stderr } = await stopCli(cli);
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(stderr).toMatch(/^A page to .*\n$/);
    expect(stdout).toBe(`${await cli.firstLine}\n`);
  });

  it("takes options from the environment, and those of the command line before them", async () => {
    vi.stubEnv("NYLAS_EMULATOR_OPTIONS", "  --api-key of-the-environment --region eu ");
    try {
      const taken = start();
      const overruled = start("--api-key", "of-the-command-line");
      expect(await taken.ready()).toMatchObject({ apiKey: "of-the-environment", region: "eu" });
      expect(await overruled.ready()).toMatchObject({ apiKey: "of-the-command-line", region: "eu" });
      vi.stubEnv("NYLAS_EMULATOR_OPTIONS", "--no-such-option");
      expect(await refused()).toContain("unknown option '--no-such-option'");
      expect((await start("--help").ended).stdout).toContain("NYLAS_EMULATOR_OPTIONS");
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("has its host name in the certificate where it listens everywhere", async () => {
    const { ca, imap } = await start("--mail", "--host", "0.0.0.0").ready();
    const socket = connectTls({ ...imap, ca, servername: hostname() });
    await once(socket, "secureConnect");
    expect(socket.authorized).toBe(true);
    socket.destroy();
  });

  it("takes key, users, ports and seed", async () => {
    const users = join(directory, "users.json");
    const own = [{ username: "me@example.test", password: "often used" }];
    writeFileSync(users, JSON.stringify(own));
    const emulator = await start("--mail", "--api-key", "a-key-of-mine", "--users", users).ready();
    expect(emulator).toMatchObject({ apiKey: "a-key-of-mine", users: own });
    await call(emulator, "POST", "/v3/connectors", { provider: "imap" });
    expect(await connect(emulator)).toMatchObject({ email: "me@example.test", grant_status: "valid" });

    const [one, same, other] = await Promise.all(
      ["7", "7", "8"].map(async (seed) => (await start("--mail", "--seed", seed).ready()).users),
    );
    expect(one).toEqual(same);
    expect(one).not.toEqual(other);
  });
});

describe("a Ctrl-C that comes twice, as under npm", () => {
  it("ends the emulator once, with 0, and leaves nothing behind", async () => {
    const [state, ca] = [join(directory, "twice.json"), join(directory, "twice.pem")];
    const cli = start("--mail", "--state", state, "--ca-out", ca);
    const emulator = await cli.ready();
    // The mail server's end waits a while for a client.
    const client = connectTls({ ...emulator.smtp, ca: emulator.ca, servername: "localhost" });
    client.on("error", () => undefined);
    onTestFinished(() => void client.destroy());
    await once(client, "data");
    cli.child.kill("SIGINT");
    const listens = () =>
      fetch(emulator.apiUri).then(
        () => true,
        () => false,
      );
    await until("the emulator has begun to end", ENDS_WITHIN_MS, async () => !(await listens()));
    cli.child.kill("SIGINT");
    const { code, signal } = await cli.ended;
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(readdirSync(directory).filter((name) => name.startsWith("twice"))).toEqual(["twice.json"]);
  });
});

describe("nylas-emulator without --mail", () => {
  it("names no mail server", async () => {
    const emulator = await start().ready();
    expect(Object.keys(emulator)).toEqual(["apiUri", "apiKey", "applicationId", "region"]);
  });
});

describe("nylas-emulator --region eu", () => {
  it("is an application of the other region, and says so", async () => {
    const emulator = await start("--region", "eu").ready();
    expect(emulator.region).toBe("eu");
    expect(await call(emulator, "GET", "/v3/applications")).toMatchObject({ region: "eu" });
  });
});

describe("nylas-emulator --env", () => {
  /** Evaluates what it prints in a shell; what the shell then prints. It must end although the emulator goes on. */
  function evaluated(args: string, script: string, env: Record<string, string> = {}): string {
    const commands = `eval "$(${JSON.stringify(process.execPath)} ${JSON.stringify(emulatorCli)} --env ${args})"\n${script}`;
    const stdio: StdioOptions = ["ignore", "pipe", "ignore"];
    return execFileSync("sh", ["-c", commands], { encoding: "utf8", stdio, env: { ...process.env, ...env } });
  }

  it("gives a shell its variables, whatever they contain, and goes on until it is killed", async () => {
    const users = join(directory, "quoted-users.json");
    const own = [
      { username: "me@example.test", password: `it's "$HOME" \`id\` \\ # *` },
      { username: "you@example.test", password: "two\nlines" },
    ];
    writeFileSync(users, JSON.stringify(own));
    const print = `exec ${JSON.stringify(process.execPath)} -p 'JSON.stringify(process.env)'`;
    const env: Record<string, string> = JSON.parse(evaluated(`--mail --users ${JSON.stringify(users)}`, print));
    const pid = Number(env.NYLAS_EMULATOR_PID);
    onTestFinished(() => void (isAlive(pid) && process.kill(pid)));
    expect(env).toMatchObject({
      IMAP_HOST: "127.0.0.1",
      SMTP_HOST: "127.0.0.1",
      MAILBOX_1: "me@example.test",
      MAILBOX_1_PASSWORD: own[0]?.password,
      MAILBOX_2_PASSWORD: own[1]?.password,
      NYLAS_REGION: "us",
    });
    const emulator = {
      apiUri: present(env.NYLAS_API_URI),
      apiKey: present(env.NYLAS_API_KEY),
      imap: { host: present(env.IMAP_HOST), port: Number(env.IMAP_PORT) },
      users: own,
    };
    await call(emulator, "POST", "/v3/connectors", { provider: "imap" });
    expect(await connect(emulator)).toMatchObject({ email: "me@example.test", grant_status: "valid" });

    process.kill(pid, "SIGTERM");
    await until("the emulator ends", ENDS_WITHIN_MS, async () => !isAlive(pid));
  });

  it("starts one emulator, also where the environment has the option too", () => {
    const options = { NYLAS_EMULATOR_OPTIONS: "--env --api-key of-the-environment" };
    const said = evaluated("", 'echo "$NYLAS_API_KEY"; kill "$NYLAS_EMULATOR_PID"', options);
    expect(said).toBe("of-the-environment\n");
  });

  it("names no mail server without --mail", () => {
    const names = evaluated(
      "",
      'env | grep -E "^(NYLAS|IMAP|SMTP|MAILBOX|NODE_EXTRA_CA_CERTS=.*nylas-emulator)" | cut -d= -f1 | sort; kill "$NYLAS_EMULATOR_PID"',
    );
    const expected = ["NYLAS_API_KEY", "NYLAS_API_URI", "NYLAS_EMULATOR_PID", "NYLAS_REGION"];
    expect(names.split("\n").filter(Boolean)).toEqual(expected);
  });

  it("lets Node in that shell trust the mail servers, and whom it trusted before, until it ends", async () => {
    // A process of its own: this one waits for the shell.
    const other = await start("--mail").ready();
    const before = join(directory, "trusted-before.pem");
    writeFileSync(before, other.ca);
    const connect = `
      const { once } = require("node:events");
      const open = (host, port) => once(require("node:tls").connect({ host, port }), "secureConnect");
      const { IMAP_HOST, IMAP_PORT, SMTP_HOST, SMTP_PORT, NYLAS_EMULATOR_PID, NODE_EXTRA_CA_CERTS } = process.env;
      Promise.all([open(IMAP_HOST, IMAP_PORT), open(SMTP_HOST, SMTP_PORT), open("127.0.0.1", ${other.imap.port})])
        .then(() => "trusted", String)
        .then((said) => { console.log(said, NYLAS_EMULATOR_PID, NODE_EXTRA_CA_CERTS); process.exit(); });`;
    writeFileSync(join(directory, "connect.cjs"), connect);
    const script = `"${process.execPath}" "${join(directory, "connect.cjs")}"`;
    const [said, pid = "", file = ""] = evaluated("--mail", script, { NODE_EXTRA_CA_CERTS: before }).trim().split(" ");
    expect(said).toBe("trusted");
    process.kill(Number(pid), "SIGTERM");
    await until("the emulator ends", ENDS_WITHIN_MS, async () => !isAlive(Number(pid)));
    expect([existsSync(file), existsSync(before)]).toEqual([false, true]);
  });

  it("prints nothing and ends as the emulator does when that cannot start", async () => {
    expect(await refused("--env", "--users", "users.json")).toContain("needs --mail");
    expect(await refused("--env", "--ca", "/nowhere/ca.pem")).toContain("/nowhere/ca.pem");
  });
});

describe("a usage that makes no sense", () => {
  it.each([
    [["--nonsense"], "--nonsense"],
    [["extra"], "argument"],
    [["--port", "70000"], "65535"],
    [["--port"], "--port"],
    [["--seed", "lucky"], "whole number"],
    [["--imap-port", "1143"], "needs --mail"],
    [["--users", "users.json"], "needs --mail"],
    [["--api-key", ""], "must not be empty"],
    [["--api-key", " "], "must not be empty"],
    [["--ca-out", "ca.pem"], "needs --mail"],
    [["--mail", "--ca-out", "/nowhere/ca.pem"], "/nowhere/ca.pem"],
    [["--region", "mars"], "us, eu"],
    [["--behavior", "duplicateConnector"], "NAME=VALUE"],
    [["--behavior", "duplicateConnector=500"], "400 or 409"],
    [["--behaviour", "duplicateConnector=500"], "400 or 409"],
    [["--behavior", "duplicateConector=409"], 'Did you mean "duplicateConnector"'],
    [["--mail", "--users", "/nowhere/users.json"], "/nowhere/users.json"],
    [["--ca", "/nowhere/ca.pem"], "/nowhere/ca.pem"],
  ])("%j is refused with exit code 2", async (args, text) => {
    expect(await refused(...args)).toContain(text);
  });

  it("--version prints the package's and ends with 0", async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../emulator/package.json"), "utf8"));
    expect(await start("--version").ended).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("--help explains every option and ends with 0", async () => {
    const { code, stdout } = await start("--help").ended;
    expect(code).toBe(0);
    for (const option of [
      "host",
      "port",
      "api-key",
      "env",
      "mail",
      "imap-port",
      "smtp-port",
      "users",
      "ca",
      "ca-out",
      "region",
      "state",
      "behavior",
      "seed",
      "version",
    ]) {
      expect(stdout).toContain(`--${option}`);
    }
  });
});

describe("a port that is taken", () => {
  let occupant: Server;

  beforeAll(async () => {
    occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(0, "127.0.0.1", resolve));
  });

  afterAll(() => occupant.close());

  it.each(["--port", "--imap-port", "--smtp-port"])("%s is said to be, with exit code 1", async (option) => {
    const address = occupant.address();
    const port = address !== null && typeof address === "object" ? String(address.port) : "";
    const { code, stdout, stderr } = await start("--mail", option, port).ended;
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain("EADDRINUSE");
    expect(stderr).toContain(port);
  });
});

describe("nylas-emulator --state", () => {
  it("keeps everything over a restart, and no secret in clear", async () => {
    const state = join(directory, "state.json");
    const first = start("--mail", "--state", state);
    const before = await first.ready();
    await call(before, "POST", "/v3/connectors", { provider: "imap", name: "kept" });
    const grant = await connect(before);
    const [ops] = before.users;
    await call(before, "PUT", `/_emulator/mailboxes/${present(ops).username}`, { password: "a rotated password" });
    expect((await stopCli(first)).code).toBe(0);

    const file = readFileSync(state, "utf8");
    for (const secret of ["a rotated password", ...before.users.map(({ password }) => password)]) {
      for (const form of [secret, Buffer.from(secret).toString("base64"), Buffer.from(secret).toString("hex")]) {
        expect(file.includes(form)).toBe(false);
      }
    }
    expect(statSync(state).mode & 0o077, "nobody else may read it").toBe(0);

    const after = await start("--mail", "--state", state).ready();
    expect(after).toMatchObject({ apiKey: before.apiKey, applicationId: before.applicationId });
    expect(after.users[0]).toEqual({ username: present(ops).username, password: "a rotated password" });
    expect(await call(after, "GET", "/v3/connectors")).toEqual([expect.objectContaining({ name: "kept" })]);
    expect(await call(after, "GET", `/v3/grants/${grant.id}`)).toEqual(grant);
  });

  it("survives being killed right after an answer", async () => {
    const state = join(directory, "killed.json");
    const first = start("--mail", "--state", state);
    const before = await first.ready();
    await call(before, "POST", "/v3/connectors", { provider: "imap" });
    const grant = await connect(before);
    first.child.kill("SIGKILL");
    expect((await first.ended).signal).toBe("SIGKILL");

    const after = await start("--mail", "--state", state).ready();
    expect(await call(after, "GET", `/v3/grants/${grant.id}`)).toEqual(grant);
  });

  it("is for one emulator at a time; the next one takes over what a killed one has left", async () => {
    const state = join(directory, "shared.json");
    const first = start("--state", state);
    await first.ready();
    const before = readFileSync(state, "utf8");
    const said = await refused("--state", state);
    expect(said).toContain(`Another emulator uses the state file ${state} (process ${first.child.pid}).`);
    await expect(startEmulator({ state })).rejects.toThrow("Another emulator uses the state file");
    expect(readFileSync(state, "utf8")).toBe(before);

    first.child.kill("SIGKILL");
    await first.ended;
    const successors = Array.from({ length: 4 }, () => start("--state", state));
    const others = () => successors.filter(({ child }) => child.exitCode !== null);
    await until("three are refused", PATIENCE_MS, () => others().length === successors.length - 1);
    for (const { ended } of others()) expect(await ended).toMatchObject({ code: 2 });
    const survivor = present(successors.find(({ child }) => child.exitCode === null));
    await survivor.ready();
    const left = readdirSync(directory).filter((file) => file.startsWith("shared.json"));
    expect(left.toSorted()).toEqual(["shared.json", "shared.json.lock"]);

    await stopCli(survivor);
    expect(readdirSync(directory)).not.toContain("shared.json.lock");
    const emulator = await startEmulator({ state });
    await expect(startEmulator({ state })).rejects.toThrow("Another emulator uses the state file");
    await emulator.close();
    await (await startEmulator({ state })).close();
  });

  it("is free again after a start that failed, and after a lock that holds no process", async () => {
    const state = join(directory, "failed.json");
    const other = await startEmulator();
    const port = Number(new URL(other.apiUri).port);
    await expect(startEmulator({ state, port })).rejects.toThrow("EADDRINUSE");
    await other.close();
    writeFileSync(`${state}.lock`, "");
    await (await startEmulator({ state })).close();
    // A process that has the id by now is another one than the emulator of the lock.
    const gone = { pid: process.ppid, host: hostname(), started: "1", nonce: "n" };
    writeFileSync(`${state}.lock`, JSON.stringify(gone));
    if (process.platform === "linux") await (await startEmulator({ state })).close();
    const elsewhere = { ...gone, host: "another-host" };
    writeFileSync(`${state}.lock`, JSON.stringify(elsewhere));
    await expect(startEmulator({ state })).rejects.toThrow(`on another-host; if that has ended, delete ${state}.lock`);
  });

  it("opens with the user's own key only, which it does not hold", async () => {
    const state = join(directory, "own-key.json");
    const first = start("--state", state, "--api-key", "a-key-of-mine");
    await first.ready();
    await stopCli(first);
    expect(readFileSync(state, "utf8")).not.toContain("a-key-of-mine");
    expect(await refused("--state", state)).toContain("--api-key");
    expect(await refused("--state", state, "--api-key", "another")).toContain("does not open");
    expect(await start("--state", state, "--api-key", "a-key-of-mine").ready()).toBeDefined();
  });

  it("refuses a file that is something else", async () => {
    const state = join(directory, "something-else.json");
    writeFileSync(state, JSON.stringify({ precious: true }));
    expect(await refused("--state", state)).toContain("not a state file");
    expect(readFileSync(state, "utf8")).toBe('{"precious":true}');
  });

  it("is closed to others when it was open before", async () => {
    const state = join(directory, "open.json");
    const first = start("--state", state);
    await first.ready();
    await stopCli(first);
    chmodSync(state, 0o666);
    const second = start("--state", state);
    await second.ready();
    expect(statSync(state).mode & 0o777).toBe(0o600);
    await stopCli(second);
  });

  it.each(["to a file", "to nothing"])("refuses a symbolic link %s, and leaves both ends alone", async (where) => {
    const target = join(directory, `target ${where}`);
    const state = join(directory, `link ${where}`);
    if (where === "to a file") writeFileSync(target, "precious");
    symlinkSync(target, state);
    expect(await refused("--state", state)).toContain("symbolic link");
    expect(lstatSync(state).isSymbolicLink()).toBe(true);
    expect(existsSync(target) && readFileSync(target, "utf8")).toBe(where === "to a file" && "precious");
  });

  it("refuses a directory and a pipe", async () => {
    const pipe = join(directory, "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const state of [directory, pipe]) expect(await refused("--state", state)).toContain("not a file");
  });

  it("writes through nothing that stands where it writes aside", async () => {
    const state = join(directory, "aside.json");
    const target = join(directory, "target of aside");
    writeFileSync(target, "precious");
    const cli = start("--state", state);
    const emulator = await cli.ready();
    symlinkSync(target, `${state}.${cli.child.pid}.new`);
    await call(emulator, "POST", "/v3/connectors", { provider: "imap" });
    expect(readFileSync(target, "utf8")).toBe("precious");
    expect(lstatSync(state).isFile()).toBe(true);
    expect(statSync(state).mode & 0o777).toBe(0o600);
    await stopCli(cli);
  });
});
