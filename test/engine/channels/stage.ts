import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSetup } from "../../../scripts/setup/environment.mjs";
import { present, TestEmulator } from "../../../tools/harness/test-emulator.js";
import { createStack, type Stack } from "../../support/stack.js";

/** Where a program's secrets come from: the columns of the table. */
export const SOURCES = ["configuration", "configuration object", "environment", "file", "by reference"] as const;
export type Source = (typeof SOURCES)[number];

/** The mailboxes of each source: one that goes on from run to run, and two that are made and deleted by turns. */
const ROLES = ["kept", "even", "odd"] as const;

/** The part of each password by which it is found: letters and digits, different for each source. */
export function coreOf(source: Source): string {
  return `Kq7${source.replaceAll(" ", "")}Zx3`;
}

/** A password with characters that encodings spell differently, around its core. */
function passwordOf(source: Source): string {
  return `p"w\\ +%/&=${coreOf(source)}?#<>$`;
}

const API_KEY = "nyk_v0_Wm5configuredKeyVb8";
export const API_KEY_CORE = "Wm5configuredKeyVb8";

const users = SOURCES.flatMap((source) =>
  ROLES.map((role) => ({
    username: `${role}.${source.replaceAll(" ", "-")}@example.test`,
    password: passwordOf(source),
  })),
);

/** Each run updates the kept mailboxes, and makes and deletes others. */
function program(emulator: TestEmulator): string {
  const servers = {
    imapHost: emulator.imap.host,
    imapPort: emulator.imap.port,
    smtpHost: emulator.smtp.host,
    smtpPort: emulator.smtp.port,
  };
  return `
    const { readFileSync } = require("node:fs");
    const pulumi = require("@pulumi/pulumi");
    const { ByoImapGrant, ImapConnector } = require("pulumi-nylas-imap");
    const config = new pulumi.Config();
    const connector = new ImapConnector("imap");
    const passwords = {
      "configuration": { imapPassword: config.requireSecret("password") },
      "configuration object": { imapPassword: config.requireSecretObject("mailboxes").apply(({ ops }) => ops.password) },
      "environment": { imapPassword: process.env.MAILBOX_PASSWORD },
      "file": { imapPassword: readFileSync("password.txt", "utf8") },
      "by reference": { imapPasswordFrom: { env: "REFERRED_PASSWORD" } },
    };
    const turn = Number(process.env.TURN);
    for (const [source, password] of Object.entries(passwords)) {
      for (const role of ["kept", turn % 2 === 0 ? "even" : "odd"]) {
        const name = role + "." + source.replaceAll(" ", "-");
        const imapUsername = name + "@example.test";
        const credentialVersion = role === "kept" ? turn : 0;
        new ByoImapGrant(name, { connector, ...${JSON.stringify(servers)}, imapUsername, credentialVersion, ...password });
      }
    }`;
}

/** A policy pack that writes down all that it sees. */
const POLICY_PACK = `
  const { appendFileSync } = require("node:fs");
  const { PolicyPack } = require("@pulumi/policy");
  const seen = (value) => appendFileSync(process.env.POLICY_INPUT, JSON.stringify(value) + "\\n");
  const policy = { description: "", enforcementLevel: "advisory" };
  new PolicyPack("curious", { policies: [
    { ...policy, name: "resources", validateResource: ({ urn, props }) => seen({ urn, props }) },
    { ...policy, name: "stacks", validateStack: ({ resources }) => seen(resources.map(({ urn, props }) => ({ urn, props }))) },
  ] });`;

export interface Stage {
  emulator: TestEmulator;
  stack: Stack;
  /** A directory for what the commands write. */
  written: string;
  /** What `--policy-pack` names. */
  policyPack: string;
  /** Pulumi's own directory, with the automatic logs. */
  home: string;
  close(): Promise<void>;
}

/** `keyIn`: where the API key comes from. */
export async function openStage({ keyIn = "configuration" } = {}): Promise<Stage> {
  const emulator = await TestEmulator.start({ users, apiKey: API_KEY });
  const stack = await createStack({ name: "first", project: "channels", program: program(emulator) });
  const own = join(stack.directory, "..");
  const [written, home] = [join(own, "written"), join(own, "home")];
  for (const directory of [written, home]) mkdirSync(directory);
  Object.assign(stack.env, {
    NYLAS_API_URI: emulator.emulator.apiUri,
    MAILBOX_PASSWORD: passwordOf("environment"),
    REFERRED_PASSWORD: passwordOf("by reference"),
    POLICY_INPUT: join(written, "policy"),
    PULUMI_EXPERIMENTAL: "true",
    // For `--event-log`.
    PULUMI_DEBUG_COMMANDS: "true",
    PULUMI_HOME: home,
  });
  if (keyIn === "environment") stack.env.NYLAS_API_KEY = API_KEY;
  writeFileSync(join(stack.directory, "password.txt"), passwordOf("file"));
  await stack.config(
    {},
    {
      ...(keyIn === "configuration" ? { "nylas:apiKey": API_KEY } : {}),
      "channels:password": passwordOf("configuration"),
      "channels:mailboxes.ops.password": passwordOf("configuration object"),
    },
  );
  return {
    emulator,
    stack,
    written,
    policyPack: writePolicyPack(own),
    home,
    close: async () => {
      await emulator.close();
      stack.remove();
      rmSync(own, { recursive: true, force: true });
    },
  };
}

function writePolicyPack(own: string): string {
  const pack = join(own, "pack");
  mkdirSync(pack);
  writeFileSync(join(pack, "PulumiPolicy.yaml"), "runtime:\n  name: nodejs\n  options:\n    typescript: false\n");
  writeFileSync(
    join(pack, "package.json"),
    JSON.stringify({ name: "curious", version: "0.0.1", private: true, main: "index.js" }),
  );
  writeFileSync(join(pack, "index.js"), POLICY_PACK);
  // The built engine's language host cannot start policy packs: see examples/policy/README.md.
  const start = readFileSync(join(import.meta.dirname, "../../../examples/policy/start.mjs"), "utf8");
  writeFileSync(join(pack, "start.mjs"), start, { mode: 0o755 });
  return join(pack, readSetup().engine.kind === "build" ? "start.mjs" : ".");
}

/** The digests of the passwords, as the decrypted state has them. */
export function digestsIn(state: string): string[] {
  const found = [...state.matchAll(/"\\?"([\w-]{11}:[\w-]{22})\\?""/g)].map(([, digest]) => present(digest));
  return [...new Set(found)];
}
