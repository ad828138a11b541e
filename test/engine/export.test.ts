import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createSourceFile, ScriptTarget } from "typescript";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { identifierFor } from "../../provider/src/cli/names.js";
import type { ChosenAnswers } from "../../tools/harness/emulators.ts";
import { REPEATS } from "../../tools/harness/repetitions.js";
import { present, TestEmulator, type WireGrant } from "../../tools/harness/test-emulator.js";
import { makeWorkDirectory } from "../../tools/harness/work-directory.js";
import { startHostileServer } from "../support/hostile-server.js";
import { runIn } from "../support/npm.js";
import { nylasImap, nylasImapCommand } from "../support/nylas-imap.js";
import { GRANT_TYPES, program } from "../support/programs.js";
import { createStack, type Stack } from "../support/stack.js";
import { AUTHENTICATE, CONNECT, LONG_AGO_SECONDS } from "./world.js";

const ROOT = join(import.meta.dirname, "../..");
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");
/** More mailboxes than a person would type, in `npm run test:all`. */
const MAILBOXES = REPEATS ? 25 : 6;
const FEW = 3;

const users = [
  ...Array.from({ length: MAILBOXES - 3 }, (_, index) => `box${index}@example.test`),
  "first.last@my-company.test",
  "first-last@my.company.test",
  "o'b\"y`$+sales@example.test",
].map((username) => ({ username, password: `the password of ${username}` }));

let directory: string;
let closing: (() => Promise<void> | void)[];

beforeEach(() => {
  directory = makeWorkDirectory("export");
  closing = [() => rmSync(directory, { recursive: true, force: true })];
});

afterEach(async () => {
  for (const close of closing.toReversed()) await close();
});

async function byHand(
  mailboxes: number,
  behavior: ChosenAnswers = {},
): Promise<{ emulator: TestEmulator; grants: WireGrant[] }> {
  const emulator = await TestEmulator.start({ users: users.slice(0, mailboxes), behavior });
  closing.push(() => emulator.close());
  await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "By hand" });
  for (const index of emulator.users.keys()) await emulator.foreignGrant(index);
  const grants = await emulator.grants();
  await emulator.forgetRequests();
  return { emulator, grants };
}

async function exported(emulator: TestEmulator, ...args: string[]): Promise<string> {
  const run = await nylasImap(emulator.env, "export", "--out", directory, ...args);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  return run.stdout;
}

/** The stack of the written program, with the API key as its user would configure it. */
async function openStack(env: Record<string, string>): Promise<Stack> {
  const stack = await createStack({ directory, project: "nylas-mailboxes", env });
  closing.push(() => stack.remove());
  return stack;
}

/** What the printed next steps ask for. */
async function configure(stack: Stack, emulator: TestEmulator, printed: string, mailboxes: number): Promise<void> {
  const program = readFileSync(join(directory, "index.ts"), "utf8");
  const hosts = [...printed.matchAll(/pulumi config set (\w+)_(imap|smtp)Host/g)];
  const settings = hosts.map(([, name, kind]) => [`${name}_${kind}Host`, emulator.imap.host] as const);
  const keys = [...program.matchAll(/imapUsername: (".*"),\n +imapPassword: config\.requireSecret\("(\w+)"\)/g)];
  const passwords = keys.map(([, address = "", key = ""]) => {
    const name: string = JSON.parse(address);
    return [key, present(users.find(({ username }) => username === name)).password] as const;
  });
  expect(passwords).toHaveLength(mailboxes);
  await stack.config(Object.fromEntries(settings), Object.fromEntries(passwords));
}

describe("nylas-imap export", () => {
  it("takes what was made by hand into a stack: no request at the import, one authentication each at the next up", async () => {
    const { emulator, grants } = await byHand(MAILBOXES);
    const printed = await exported(emulator);
    // The application, the connector and one page of grants.
    expect(await emulator.requests()).toHaveLength(4);
    expect(await emulator.writes()).toEqual([]);
    await runIn(directory, process.execPath, TSC, "--noEmit", "-p", directory);

    const stack = await openStack(emulator.env);
    await configure(stack, emulator, printed, MAILBOXES);
    await emulator.forgetRequests();
    const imported = await stack.run(
      "import",
      "--file",
      join(directory, "import.json"),
      "--generate-code=false",
      "--yes",
    );
    expect(imported.code, imported.output).toBe(0);
    expect(imported.output, "the placeholders pass").not.toContain("warning");
    expect(await emulator.requests()).toEqual([]);
    const inState = stack.resources().filter(({ type }) => type.startsWith("pulumi-nodejs:dynamic/nylas:"));
    const ids = grants.map(({ id }) => id);
    expect(inState.map(({ id }) => id).toSorted()).toEqual(["imap", ...ids].toSorted());

    // The emulator's ports are not the usual ones.
    const program = join(directory, "index.ts");
    const ports = `imapPort: ${emulator.imap.port}, smtpPort: ${emulator.smtp.port},`;
    writeFileSync(program, readFileSync(program, "utf8").replaceAll(/(smtpHost: config.*)/g, `$1 ${ports}`));
    const { output } = await stack.up();
    expect(output).toMatch(new RegExp(`~ ${MAILBOXES + 1} updated|${MAILBOXES} updated`));
    // The application and one page of grants; an authentication and a look into the mailbox for each. The connector needs none.
    expect(await emulator.requests()).toHaveLength(2 + 2 * MAILBOXES);
    expect(await emulator.writes()).toEqual(Array.from({ length: MAILBOXES }, () => AUTHENTICATE));
    expect((await emulator.grants()).map(({ id }) => id)).toEqual(ids);

    await emulator.forgetRequests();
    await stack.up("--expect-no-changes");
    expect(await emulator.requests()).toEqual([]);

    // Nothing is protected any more, and destroy leaves what existed before.
    writeFileSync(program, readFileSync(program, "utf8").replaceAll("protect: true", "protect: false"));
    await stack.up();
    await stack.destroy();
    expect((await emulator.grants()).map(({ id }) => id)).toEqual(ids);
  });

  it("writes the mail servers that Nylas tells, never a password, and leaves other stacks' grants to them", async () => {
    const { emulator, grants } = await byHand(FEW, { settingsEcho: "full" });
    const managed = await emulator.grantOf("box0@example.test");
    const deleted = await emulator.grantOf("box1@example.test");
    const owner = "0123456789abcdef".repeat(2);
    await emulator.foreignGrant(0, `pulumi-nylas-imap:2:${owner}:${owner}:${owner}:created`);
    const env = { NYLAS_EU_API_KEY: emulator.emulator.apiKey, NYLAS_EU_API_URI: emulator.emulator.apiUri };
    const run = await nylasImap(env, "export", "--out", directory, "--application", "nylas-eu");
    expect(run).toMatchObject({ code: 0, stderr: "" });
    const marked =
      "it is marked by a stack whose digest is 01234567 (`nylas-imap doctor --state` of a stack shows its own)";
    expect(run.stdout).toContain(`Left out grant ${managed.id} of box0@example.test: ${marked}`);
    expect(run.stdout).not.toContain("imapHost");
    expect(run.stdout).toContain(`pulumi config set nylas-eu:apiUri ${emulator.emulator.apiUri}\n`);
    expect(run.stdout).not.toContain("nylas-eu:region");
    await runIn(directory, process.execPath, TSC, "--noEmit", "-p", directory);
    for (const { password } of users) {
      for (const file of readdirSync(directory)) {
        expect(readFileSync(join(directory, file), "utf8").includes(password), file).toBe(false);
      }
    }

    const stack = await openStack(env);
    await configure(stack, emulator, run.stdout, FEW - 1);
    // Deleted since the export: the import cannot see that, and the next refresh does.
    await emulator.call("DELETE", `/v3/grants/${deleted.id}`);
    await emulator.putClockAhead(LONG_AGO_SECONDS);
    await emulator.forgetRequests();
    // With code generation, which dynamic resources do not have, the import succeeds as well.
    const imported = await stack.run("import", "--file", join(directory, "import.json"), "--yes");
    expect(imported.output).toContain(`= ${FEW} imported`);
    expect(await emulator.requests()).toEqual([]);
    await stack.up("--refresh", "--run-program");
    const now = await emulator.grants();
    const kept = grants.map(({ id }) => id).filter((id) => id !== deleted.id);
    expect(now.map(({ id }) => id)).toEqual(expect.arrayContaining(kept));
    expect(now).toHaveLength(FEW);
    expect(await emulator.writes()).not.toContain(CONNECT);
  });

  it("takes one mailbox into a program that has a connector and mailboxes already", async () => {
    const { emulator, grants } = await byHand(FEW, { settingsEcho: "hosts" });
    const stack = await createStack({ env: emulator.env });
    closing.push(() => stack.remove());
    const had = program(emulator, {
      connector: { onExisting: "adopt" },
      mailboxes: { had: { ...emulator.user(1), args: { onExisting: "adopt" } } },
    });
    stack.writeProgram(had);
    await stack.up();
    await emulator.forgetRequests();

    const { username, password } = emulator.user(0);
    const printed = await exported(emulator, "--email", username.toUpperCase());
    // The application and one page of grants.
    expect(await emulator.requests()).toHaveLength(3);
    await runIn(directory, process.execPath, TSC, "--noEmit", "-p", directory);
    const [, file = ""] = /pulumi import --file (\S+) /.exec(printed) ?? [];
    const [declaration = ""] =
      /^const box0_at_example_test = [^;]+;$/m.exec(readFileSync(join(directory, "index.ts"), "utf8")) ?? [];
    stack.writeProgram(`${had}\nconst config = new pulumi.Config();\n${declaration}`);
    await stack.config({}, { box0_at_example_test_imapPassword: password });

    await emulator.forgetRequests();
    const imported = await stack.run("import", "--file", file, "--generate-code=false", "--yes");
    expect(imported.code, imported.output).toBe(0);
    expect(imported.output).toContain("= 1 imported");
    expect(await emulator.requests()).toEqual([]);
    await stack.up();
    expect(await emulator.writes()).toEqual([AUTHENTICATE]);
    await stack.up("--expect-no-changes");
    const managed = stack.resources().filter(({ type }) => type === GRANT_TYPES.dynamic);
    expect(Object.fromEntries(managed.map(({ urn, id }) => [urn.split("::").at(-1), id]))).toEqual({
      had: (await emulator.grantOf(emulator.user(1).username)).id,
      box0_at_example_test: (await emulator.grantOf(username)).id,
    });
    expect((await emulator.grants()).map(({ id }) => id)).toEqual(grants.map(({ id }) => id));
  });

  it("says what is near an address without a grant, and whose a mailbox is that it does not export", async () => {
    const { emulator } = await byHand(FEW);
    const owner = "0123456789abcdef".repeat(2);
    await emulator.foreignGrant(1, `pulumi-nylas-imap:2:${owner}:${owner}:${owner}:created`);
    const says = {
      "box0@exmaple.test": "did you mean box0@example.test?",
      "nobody@elsewhere.invalid":
        "IMAP grants are of box0@example.test, box1@example.test, box2@example.test; is NYLAS_API_KEY",
      "box1@example.test": "marked by a stack whose digest is 01234567",
    };
    for (const [address, text] of Object.entries(says)) {
      const run = await nylasImap(emulator.env, "export", "--out", directory, "--email", address);
      expect(run).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(text) });
      expect(readdirSync(directory)).toEqual([]);
    }
  });

  it("lets an imported grant go that another stack has adopted meanwhile", async () => {
    const { emulator } = await byHand(FEW, { settingsEcho: "hosts" });
    const printed = await exported(emulator);
    const stack = await openStack(emulator.env);
    await configure(stack, emulator, printed, FEW);
    await stack.run(
      "import",
      "--file",
      join(directory, "import.json"),
      "--generate-code=false",
      "--yes",
      "--protect=false",
    );
    const owner = "0123456789abcdef".repeat(2);
    const state = `pulumi-nylas-imap:2:${owner}:${owner}:${owner}:adopted`;
    const { id } = await emulator.foreignGrant(0, state);

    const program = join(directory, "index.ts");
    const bold = readFileSync(program, "utf8")
      .replaceAll('    onExisting: "adopt",', "    deleteAdopted: true,")
      .replaceAll("protect: true", "protect: false");
    writeFileSync(program, bold);
    const { code, output } = await stack.run("up", "--continue-on-error");
    expect(code).not.toBe(0);
    expect(output).toContain("(grant_exists)");
    expect(output).toContain("box0@example.test");
    expect((await emulator.grantOf("box0@example.test")).state).toBe(state);

    // The others may be deleted, as `deleteAdopted` says.
    writeFileSync(program, "");
    await stack.run("up", "--continue-on-error");
    expect((await emulator.grants()).map((grant) => grant.id)).toEqual([id]);
  });

  it("never sends the placeholder of an import: nothing while nothing asks for the password, and an error once something does", async () => {
    const { emulator, grants } = await byHand(FEW, { settingsEcho: "hosts" });
    const printed = await exported(emulator);
    const stack = await openStack(emulator.env);
    await configure(stack, emulator, printed, FEW);
    const file = join(directory, "import.json");
    const imports = readFileSync(file, "utf8");
    // The second mailbox comes from an export of an earlier build.
    const [, second = "", ...others] = imports.split(/(?="type": "pulumi-nodejs:dynamic\/nylas:ByoImapGrant")/);
    const older = second.replaceAll('"\\"not told by Nylas\\\\n\\""', '"\\"not told by Nylas\\""');
    writeFileSync(file, imports.replace(second, older));
    expect(others).toHaveLength(FEW - 1);
    await stack.run("import", "--file", file, "--generate-code=false", "--yes", "--protect=false");

    const program = join(directory, "index.ts");
    const declared = readFileSync(program, "utf8");
    const ignoring = declared.replaceAll("protect: true", 'ignoreChanges: ["imapPassword"]');
    writeFileSync(program, ignoring);
    await stack.up();
    expect(await emulator.writes()).toEqual([]);
    await stack.up("--expect-no-changes");

    // What asks for an authentication is refused in the plan.
    await emulator.forgetRequests();
    writeFileSync(program, ignoring.replaceAll("imapPassword:", "credentialVersion: 2, imapPassword:"));
    const planned = await stack.run("preview");
    expect(planned.code).not.toBe(0);
    expect(planned.output).toMatch(/imapPassword is under ignoreChanges.* take it out of ignoreChanges/);
    expect(await emulator.requests()).toEqual([]);

    // What only Nylas knows is refused before the password would be sent.
    writeFileSync(program, ignoring);
    for (const { id } of grants) await emulator.setStatus(id, "invalid");
    const healing = await stack.run("up", "--refresh", "--continue-on-error");
    expect(healing.code).not.toBe(0);
    for (const { email } of grants) {
      expect(healing.output).toContain(`Authenticating mailbox ${email}: imapPassword is under ignoreChanges`);
    }
    expect(await emulator.writes()).toEqual([]);

    writeFileSync(program, declared.replaceAll("protect: true", "protect: false"));
    await stack.up();
    expect(await emulator.writes()).toEqual(Array.from({ length: FEW }, () => AUTHENTICATE));
    expect((await emulator.grants()).map(({ id, grant_status }) => [id, grant_status])).toEqual(
      grants.map(({ id }) => [id, "valid"]),
    );
  });

  it("writes nothing where a file is in the way, and knows its options", async () => {
    const { emulator } = await byHand(1);
    writeFileSync(join(directory, "import.json"), "mine");
    const refused = await nylasImap(emulator.env, "export", "--out", directory);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("has import.json already; nothing was written");
    expect(readdirSync(directory)).toEqual(["import.json"]);
    expect(readFileSync(join(directory, "import.json"), "utf8")).toBe("mine");
    expect(await emulator.requests()).toEqual([]);

    const nowhere = await nylasImap(emulator.env, "export", "--out", join(directory, "import.json", "below"));
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot be written: ENOTDIR") });
    const foreign = await nylasImap(emulator.env, "export", "--verify");
    expect(foreign).toMatchObject({ code: 2, stderr: expect.stringContaining("export has no option --verify") });
  });

  it("writes all files or none, into a new directory and into one that has others", async () => {
    const { emulator } = await byHand(FEW, { settingsEcho: "hosts" });
    writeFileSync(join(directory, "README.md"), "mine");
    for (const out of [join(directory, "a new one", "mailboxes"), directory]) {
      const before = readdirSync(directory, { recursive: true });
      // No file may have more than 1024 bytes: the program cannot be written, and smaller files can.
      const script = 'ulimit -f 1; "$0" "$1" export --out "$2" 2>&1; echo "code $?"';
      const args = ["--norc", "-c", script, process.execPath, nylasImapCommand, out];
      const env = { ...emulator.env, PATH: process.env.PATH ?? "" };
      const { stdout } = await promisify(execFile)("bash", args, { env });
      expect(stdout).toMatch(/cannot be written: EFBIG.*; nothing was written/);
      expect(stdout).toMatch(/code 2\n$/);
      expect(readdirSync(directory, { recursive: true })).toEqual(before);

      expect(await nylasImap(emulator.env, "export", "--out", out)).toMatchObject({ code: 0, stderr: "" });
      const written = ["Pulumi.yaml", "import.json", "index.ts", "package.json", "tsconfig.json"];
      expect(readdirSync(out).toSorted()).toEqual(expect.arrayContaining(written));
      expect(readdirSync(out).filter((file) => file.startsWith("."))).toEqual([]);
    }
    expect(readFileSync(join(directory, "README.md"), "utf8")).toBe("mine");
  });

  it("keeps hostile text of a server out of the program's code", async () => {
    const evil = '"); process.exit(7); //\u2028process.exit(8);\n*/ process.exit(9); `';
    const grant = (id: string, more: object) => ({
      id,
      provider: "imap",
      grant_status: "valid",
      created_at: 1,
      ...more,
    });
    const hostile = await startHostileServer((request, response) => {
      const connector = { provider: "imap", name: evil };
      const grants = [
        grant("g-1", { email: `${evil}@example.test` }),
        grant("g-2", { email: evil, settings: { imap_host: evil, smtp_host: evil, imap_username: evil } }),
        grant("g-3", { email: `${evil}@example.test`, state: `pulumi-nylas-imap:1:abcd:created` }),
        { ...grant("g-4", { email: evil }), created_at: evil },
        grant("g-5", {}),
      ];
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
      const data = pathname === "/v3/grants" ? grants.slice(Number(searchParams.get("offset"))) : connector;
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ request_id: "r", data }));
    });
    closing.push(() => hostile.close());
    const run = await nylasImap({ NYLAS_API_KEY: "k", NYLAS_API_URI: hostile.uri }, "export", "--out", directory);
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toContain("2 of 5 IMAP grants");
    await runIn(directory, process.execPath, TSC, "--noEmit", "-p", directory);
    const program = readFileSync(join(directory, "index.ts"), "utf8");
    const { statements } = createSourceFile("index.ts", program, ScriptTarget.ES2022, false);
    // Two imports, the configuration, the servers, the connector, two mailboxes and the export.
    expect(statements).toHaveLength(8);
  });
});

it("exports mailboxes whose addresses only a look at each grant tells", async () => {
  const { emulator } = await byHand(2, { listedAddress: "null" });
  await exported(emulator);
  expect(readFileSync(join(directory, "index.ts"), "utf8")).toContain("box1@example.test");
  const one = ["export", "--out", join(directory, "one"), "--email", "box0@example.test"];
  expect(await nylasImap(emulator.env, ...one)).toMatchObject({ code: 0, stderr: "" });
});

it("gives each of two mailboxes with one log-in name a place among the exported ids", async () => {
  const grants = ["g-1", "g-2"].map((id) => {
    const settings = { imap_host: `${id}.example.com`, imap_username: "ops", smtp_host: `${id}.example.com` };
    return { id, provider: "imap", grant_status: "valid", created_at: 1, email: `${id}@example.com`, settings };
  });
  // Another provider's, which breaks the contract.
  const foreign = { id: "g-3", provider: "google", created_at: "?" };
  const server = await startHostileServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
    const all = [...grants, foreign].slice(Number(searchParams.get("offset")));
    const data = pathname === "/v3/grants" ? all : { provider: "imap", name: "\u001b[2JIMAP\nNothing to do." };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ request_id: "r", data }));
  });
  closing.push(() => server.close());
  const env = { NYLAS_API_KEY: "k", NYLAS_API_URI: server.uri };
  const run = await nylasImap(env, "export", "--out", directory);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toContain("2 of 2 IMAP grants");
  await runIn(directory, process.execPath, TSC, "--noEmit", "-p", directory);
  const looked = await nylasImap(env, "doctor", "--allow-unmanaged");
  expect(looked.stdout).not.toContain("grant_unreadable");
  expect(looked.stdout).not.toContain("\u001b[2J");
  expect(looked.stdout.split("\n").filter((line) => line.startsWith("Nothing to do."))).toHaveLength(1);
});

describe("the next steps", () => {
  it("name the region, and quote a directory with blanks", async () => {
    const european = await TestEmulator.start({ mail: false, region: "eu" });
    closing.push(() => european.close());
    const spaced = join(directory, "my mail boxes");
    const env = { ...european.env, NYLAS_REGION: "eu" };
    const run = await nylasImap(env, "export", "--out", spaced);
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toContain("pulumi config set nylas:region eu\n");
    expect(run.stdout).toContain(`cd '${spaced}' && npm install`);
  });

  it("are not written for a name that is no configuration namespace", async () => {
    const run = await nylasImap({ NYLAS_EU_API_KEY: "nyk" }, "export", "--out", directory, "--application", "nylas_eu");
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('letters, digits and hyphens, such as "nylas-eu"');
  });
});

describe("names", () => {
  it("are identifiers, different for different mailboxes, and the same in every run", () => {
    const names = {
      "ann@example.com": "ann_at_example_com",
      "a.b@c-d.e": "a_b_at_c__d_e",
      "a-b@c.d-e": "a__b_at_c_d__e",
      "a_b@c.d.e": "a_b_at_c_d_e_1b3058b5cc",
      "a.at.b@c": "a_at_b_at_c_2374da6352",
      "a@b.at.c": "a_at_b_at_c_7da6b44990",
      "1st@example.com": "_1st_at_example_com",
      "ann+sales@example.com": "ann_sales_at_example_com_e4e33e0dbd",
      "ann..sales@example.com": "ann_sales_at_example_com_9b1841785c",
      "corp\\ann": "corp_ann_4af9e2194c",
      public: "public_efa1f375d7",
      config: "config_b79606fb3a",
      "büro@example.com": "b_ro_at_example_com_3f4e0610b1",
      "例@example.com": "_at_example_com_25ad286b43",
    };
    for (const [key, name] of Object.entries(names)) {
      expect(identifierFor(key)).toBe(name);
      expect(name).toMatch(/^[a-z_][a-z0-9_]*$/);
    }
    expect(new Set(Object.values(names)).size).toBe(Object.keys(names).length);
  });
});
