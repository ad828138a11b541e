import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSetup } from "../../../scripts/setup/environment.mjs";
import { codeBlocks } from "../../../tools/harness/code-blocks.js";
import { present, TestEmulator } from "../../../tools/harness/test-emulator.js";
import { makeWorkDirectory } from "../../../tools/harness/work-directory.js";
import { CLASSES, HOSTS, type HostName } from "../../support/programs.js";
import { createStack, type Stack } from "../../support/stack.js";

const ROOT = join(import.meta.dirname, "../../..");
const EXAMPLE = join(ROOT, "examples/policy");
const README = readFileSync(join(EXAMPLE, "README.md"), "utf8");
/** The built engine's language host cannot start policy packs; the README says how to start this one. */
const STARTED_AS = readSetup().engine.kind === "build" ? "start.mjs" : ".";
const PASSWORD = "never to be printed";

const MAILBOXES = [
  `const mailbox = { connector: "imap", imapHost: "imap.example.com", smtpHost: "smtp.example.com" };`,
  `const good = { ...mailbox, imapPasswordFrom: { env: "MAILBOX_PASSWORD" } };`,
  `const kept = { protect: true };`,
].join("\n");
const HEAD = headOf("dynamic");

function headOf(host: HostName): string {
  return `const { ByoImapGrant, ImapConnector } = require(${JSON.stringify(CLASSES[host])});\n${MAILBOXES}`;
}

/** Resources with one violation each, but for the first two. */
const PROGRAM = `
const connector = new ImapConnector("connector", {}, kept);
new ByoImapGrant("good", { ...good, imapUsername: "good@example.com", imapPort: 143, smtpPort: 587 }, kept);
new ByoImapGrant("unprotected", { ...good, imapUsername: "unprotected@example.com" });
new ByoImapGrant("imap-port", { ...good, imapUsername: "imap-port@example.com", imapPort: 1143 }, kept);
new ByoImapGrant("smtp-port", { ...good, imapUsername: "smtp-port@example.com", smtpPort: 25 }, kept);
new ByoImapGrant("yahoo", { ...good, imapUsername: "someone@yahoo.co.uk" }, kept);
new ByoImapGrant("yahoo-server", { ...good, imapUsername: "me", imapHost: "imap.mail.yahoo.com" }, kept);
new ByoImapGrant("yahoo-japan", { ...good, imapUsername: "someone@yahoo.co.jp" }, kept);
new ByoImapGrant("password", { ...mailbox, imapUsername: "password@example.com", imapPassword: ${JSON.stringify(PASSWORD)} }, kept);
new ByoImapGrant("unknown-password", { ...good, imapUsername: "up@example.com", smtpPassword: connector.applicationId }, kept);
new ByoImapGrant("receives", { ...good, imapUsername: "receives@example.com", smtpHost: undefined, receiveOnly: true }, kept);
`;

const EVERYWHERE = [
  "advisory nylas-no-yahoo-over-imap yahoo",
  "advisory nylas-no-yahoo-over-imap yahoo-server",
  "mandatory nylas-tls-ports imap-port",
  "mandatory nylas-tls-ports smtp-port",
];
const IN_PRODUCTION = [
  ...EVERYWHERE,
  "mandatory nylas-password-by-reference-in-prod password",
  "mandatory nylas-password-by-reference-in-prod unknown-password",
  "mandatory nylas-protect-in-prod unprotected",
].toSorted();
/** The provider refuses it as well, and Pulumi then looks at no further resource. */
const WITHOUT_SMTP = "mandatory nylas-mailbox-sends no-smtp";

let emulator: TestEmulator;
let directory: string;
let pack: string;

beforeAll(async () => {
  emulator = await TestEmulator.start();
  directory = makeWorkDirectory("policy");
  cpSync(EXAMPLE, join(directory, "pack"), { recursive: true });
  pack = join(directory, "pack", STARTED_AS);
});

afterAll(async () => {
  await emulator.close();
  rmSync(directory, { recursive: true, force: true });
});

async function withStack(name: string, program: string, test: (stack: Stack) => Promise<void>): Promise<void> {
  const env = { ...emulator.env, MAILBOX_PASSWORD: emulator.user(0).password };
  const stack = await createStack({ name, project: "policed", program, env });
  try {
    await test(stack);
    for (const password of [PASSWORD, emulator.user(0).password])
      expect(stack.printed().includes(password)).toBe(false);
  } finally {
    stack.remove();
  }
}

/** What the pack reports: level, policy and resource of each violation. */
function violations(output: string): string[] {
  const found = [
    ...output.matchAll(/^ +- \[(\w+)\] +(\S+) +\((?:pulumi-nodejs:dynamic\/nylas|nylas:index):\w+: (\S+)\)/gm),
  ];
  return found.map(([, level, policy, resource]) => `${level} ${policy} ${resource}`).toSorted();
}

async function preview(stack: Stack, ...args: string[]) {
  await emulator.forgetRequests();
  const { code, output } = await stack.run("preview", "--policy-pack", pack, ...args);
  expect(await emulator.writes()).toEqual([]);
  return { code, output, found: violations(output) };
}

describe.each(HOSTS)("examples/policy, %s host", (host) => {
  it.each([
    ["prod-eu", IN_PRODUCTION],
    ["production", EVERYWHERE],
  ])("finds each violation in stack %s, and nothing else", async (name, expected) => {
    await withStack(name, headOf(host) + PROGRAM, async (stack) => {
      const { code, output, found } = await preview(stack);
      expect(found, output).toEqual(expected);
      expect(code).not.toBe(0);
      expect(output).not.toContain("can't run");
    });
  });
});

it("examples/policy wants SMTP settings, or receiveOnly", async () => {
  const program = `${HEAD}\nnew ByoImapGrant("no-smtp", { ...good, imapUsername: "a@example.com", smtpHost: undefined });`;
  await withStack("dev", program, async (stack) => {
    const { code, output, found } = await preview(stack);
    expect(found, output).toEqual([WITHOUT_SMTP]);
    expect(output).toContain("Set smtpHost, or receiveOnly: true.");
    expect(code).not.toBe(0);
  });
});

it("examples/policy takes the configuration of its README", async () => {
  const file = join(directory, "config.json");
  writeFileSync(file, present(codeBlocks(README, "json")[0]));
  await withStack("live-eu", HEAD + PROGRAM, async (stack) => {
    const { output, found } = await preview(stack, "--policy-pack-config", file);
    expect(found, output).toEqual(
      [
        "advisory nylas-password-by-reference-in-prod password",
        "advisory nylas-password-by-reference-in-prod unknown-password",
        "mandatory nylas-mailbox-sends receives",
        "mandatory nylas-no-yahoo-over-imap yahoo",
        "mandatory nylas-no-yahoo-over-imap yahoo-server",
        "mandatory nylas-protect-in-prod unprotected",
        // 143 and 587 are not among the configured ports.
        "mandatory nylas-tls-ports good",
        "mandatory nylas-tls-ports good",
        "mandatory nylas-tls-ports imap-port",
        "mandatory nylas-tls-ports smtp-port",
      ].toSorted(),
    );
  });
});

it("examples/policy lets a program pass, and stops its next version before a request", async () => {
  const { imap, smtp } = emulator;
  const file = join(directory, "ports.json");
  writeFileSync(file, JSON.stringify({ "nylas-tls-ports": { imapPorts: [imap.port], smtpPorts: [smtp.port] } }));
  const servers = { imapHost: imap.host, imapPort: imap.port, smtpHost: smtp.host, smtpPort: smtp.port };
  const args = `{ ...good, ...${JSON.stringify(servers)}, imapUsername: ${JSON.stringify(emulator.user(0).username)}, connector }`;
  const program = (options: string) =>
    `${HEAD}\nconst connector = new ImapConnector("imap", {}, kept);\nnew ByoImapGrant("ops", ${args}, ${options});`;
  await withStack("prod", program("kept"), async (stack) => {
    const passed = await stack.up("--policy-pack", pack, "--policy-pack-config", file);
    expect(passed.output).toMatch(/✅ nylas-mailboxes@v\S+/);
    expect(await emulator.grants()).toHaveLength(1);

    await emulator.forgetRequests();
    stack.writeProgram(program("{}"));
    const stopped = await stack.run("up", "--policy-pack", pack, "--policy-pack-config", file);
    expect(stopped.code).not.toBe(0);
    expect(violations(stopped.output)).toEqual(["mandatory nylas-protect-in-prod ops"]);
    expect(await emulator.requests()).toEqual([]);
  });
});

it("examples/policy has the policies of its README", () => {
  const rows = [...README.matchAll(/^\| `([\w-]+)` \| (\w+) \|/gm)].map(([, policy, level]) => `${level} ${policy}`);
  const seen = [...IN_PRODUCTION, WITHOUT_SMTP].map((violation) => violation.split(" ").slice(0, 2).join(" "));
  expect(rows.toSorted()).toEqual([...new Set(seen)].toSorted());
});
