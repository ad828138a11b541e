import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { esm, everyExport, moduleSettings, strictConfiguration, template } from "../../scripts/release/consumers.mjs";
import { present, TestEmulator } from "../../tools/harness/test-emulator.js";
import { makeWorkDirectory } from "../../tools/harness/work-directory.js";
import { npmInstall, runIn } from "../support/npm.js";
import { createStack, type Stack } from "../support/stack.js";

/** Time for two installations from the registry without a cache, on a busy machine. */
const INSTALL_TIMEOUT_MS = 900_000;
const root = join(import.meta.dirname, "../..");

let directory: string;
let tarball: string;
/** Outside the repository, so that projects cannot resolve its modules. */
let consumers: string;
let emulator: TestEmulator;

function makeProject(name: string, contents: Record<string, string>): string {
  const project = join(consumers, name);
  mkdirSync(project);
  for (const [file, text] of Object.entries(contents)) writeFileSync(join(project, file), text);
  return project;
}

/** Packs a package of this repository; the tarball's path. */
async function pack(name: string): Promise<string> {
  const destination = join(directory, name);
  mkdirSync(destination);
  await runIn(join(root, name), "npm", "pack", "--pack-destination", destination);
  return join(destination, present(readdirSync(destination)[0]));
}

async function filesOf(packed: string): Promise<string[]> {
  const listed = await runIn(directory, "tar", "-tf", packed);
  return listed
    .trim()
    .split("\n")
    .map((path) => path.replace("package/", ""));
}

/** The path to which a program in the project resolves a module. */
function resolved(project: string, module: string): Promise<string> {
  return runIn(project, "node", "-p", `require.resolve(${JSON.stringify(module)})`);
}

beforeAll(async () => {
  directory = makeWorkDirectory("package");
  consumers = realpathSync(mkdtempSync(join(tmpdir(), "nylas-consumers-")));
  tarball = await pack("provider");
  emulator = await TestEmulator.start();
  for (const [name, contents] of Object.entries({ template, esm })) {
    await npmInstall(makeProject(name, contents), tarball);
  }
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  await emulator.close();
  for (const made of [directory, consumers]) rmSync(made, { recursive: true, force: true });
});

const TYPES = ["dist/index.d.ts", "dist/index.d.cts"];
const PAGE = [
  ...["control.js", "copy.js", "dom.js", "fault-rule.js", "index.html", "overview.js"],
  ...["page.css", "page.js", "question.js", "rows.js"],
];

describe.each([
  {
    name: "provider",
    described: [
      "LICENSE",
      "README.md",
      "bin/nylas-imap.js",
      "package.json",
      "plugin/pulumi-resource-nylas",
      "plugin/pulumi-resource-nylas.cmd",
      "require/index.cjs",
      "require/provider.cjs",
    ],
    code: /^(bundle\/([a-z-]+\.js|troubleshooting\.md)|dist\/hosts\/dynamic\/thunk\.js|plugin\/[a-z-]+\.cjs)$/,
    entries: [
      ...["bundle/cli.js", "bundle/index.js", "bundle/provider.js", "dist/hosts/dynamic/thunk.js"],
      ...["bundle/troubleshooting.md", "plugin/pulumi-resource-nylas.cjs"],
      ...[...TYPES, "dist/hosts/dynamic/provider.d.ts", "dist/hosts/dynamic/provider.d.cts"],
    ],
  },
  {
    name: "emulator",
    described: [
      "LICENSE",
      "README.md",
      "bin/nylas-emulator.js",
      "package.json",
      ...PAGE.map((file) => `page/${file}`),
      "require/index.cjs",
    ],
    code: /^dist\/.+\.js$/,
    entries: [...TYPES, "dist/index.js", "dist/cli.js"],
  },
])("the tarball of $name", ({ name, described, code, entries }) => {
  it("holds the build and what describes it, nothing else", async () => {
    const files = await filesOf(name === "provider" ? tarball : await pack(name));
    const isBuilt = (path: string) => /^((bundle|dist)\/|plugin\/.+\.cjs$)/.test(path);
    expect(files.filter((path) => !isBuilt(path)).sort()).toEqual(described);
    const built = files.filter(isBuilt);
    expect(built.filter((path) => !code.test(path) && !/^dist\/.+\.d\.c?ts$/.test(path))).toEqual([]);
    expect(built.filter((path) => /test|\.tsbuildinfo|\.env/.test(path))).toEqual([]);
    expect(built).toEqual(expect.arrayContaining(entries));
  });
});

describe.each([
  ["the Pulumi template for TypeScript", "template"],
  ["a program in ES modules", "esm"],
])("%s with the package installed", (_description, name) => {
  let project: string;
  let stack: Stack;

  beforeAll(async () => {
    project = join(consumers, name);
    stack = await createStack({ directory: project, project: "consumer", env: emulator.env });
    const { username, password } = emulator.user(0);
    const { host, port } = emulator.imap;
    await stack.config({ username, imapHost: host, imapPort: String(port) }, { password });
  });

  afterAll(() => stack?.remove());

  it("has everything from its own node_modules", async () => {
    for (const module of ["pulumi-nylas-imap", "pulumi-nylas-imap/provider", "@pulumi/pulumi", "imapflow"]) {
      expect(await resolved(project, module)).toContain(join(project, "node_modules") + sep);
    }
  });

  it("explains an error without a network", async () => {
    const command = join(project, "node_modules", ".bin", "nylas-imap");
    expect(await runIn(project, command, "explain", "grant_exists")).toContain("ByoImapGrant.get");
  });

  it("makes a mailbox's grant", async () => {
    await emulator.forgetRequests();
    await stack.up();
    const grant = await emulator.grantOf(emulator.user(0).username);
    expect(stack.outputs()).toEqual({ grantId: grant.id, applicationId: emulator.emulator.applicationId });
    expect(await emulator.writes()).toEqual(["POST /v3/connectors", "POST /v3/connect/custom"]);
  });

  it("changes nothing when it runs again", async () => {
    await emulator.forgetRequests();
    await stack.up("--expect-no-changes");
    expect(await emulator.writes()).toEqual([]);
  });

  it("is refreshed and destroyed without its program", async () => {
    await stack.refresh("--expect-no-changes");
    await stack.destroy();
    expect(await emulator.grants()).toEqual([]);
    expect(await emulator.connectors()).toEqual([]);
  });
});

describe("a program of a careful user compiles, the types of libraries checked as well", () => {
  it.each(Object.entries(moduleSettings.CommonJS))("%s", async (_setting, options) => {
    const project = join(consumers, "template");
    writeFileSync(join(project, "every-export.ts"), everyExport);
    writeFileSync(join(project, "tsconfig.strict.json"), strictConfiguration(options, ["index.ts", "every-export.ts"]));
    await runIn(project, "npx", "--no-install", "tsc", "-p", "tsconfig.strict.json");
  });
});
