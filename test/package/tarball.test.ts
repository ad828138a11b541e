import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { esm, everyExport, strictCompilers, template } from "../support/consumers.js";
import { present, TestEmulator } from "../support/emulator.js";
import { npmInstall, runIn } from "../support/npm.js";
import { createStack, type Stack } from "../support/stack.js";

/** Time for two installations from the registry without a cache, on a busy machine. */
const INSTALL_TIMEOUT_MS = 900_000;
const root = join(import.meta.dirname, "../..");

let directory: string;
let tarball: string;
let files: string[];
/** Outside the repository, so that projects cannot resolve its modules. */
let consumers: string;
let emulator: TestEmulator;

function makeProject(name: string, contents: Record<string, string>): string {
  const project = join(consumers, name);
  mkdirSync(project);
  for (const [file, text] of Object.entries(contents)) writeFileSync(join(project, file), text);
  return project;
}

/** The path to which a program in the project resolves a module. */
function resolved(project: string, module: string): Promise<string> {
  return runIn(project, "node", "-p", `require.resolve(${JSON.stringify(module)})`);
}

beforeAll(async () => {
  mkdirSync(join(root, ".work/tests"), { recursive: true });
  directory = mkdtempSync(join(root, ".work/tests/package-"));
  consumers = realpathSync(mkdtempSync(join(tmpdir(), "nylas-consumers-")));
  await runIn(join(root, "provider"), "npm", "pack", "--pack-destination", directory);
  tarball = join(directory, present(readdirSync(directory)[0]));
  files = (await runIn(directory, "tar", "-tf", tarball))
    .trim()
    .split("\n")
    .map((path) => path.replace("package/", ""));
  emulator = await TestEmulator.start();
  for (const [name, contents] of Object.entries({ template, esm })) {
    await npmInstall(makeProject(name, contents), tarball);
  }
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  await emulator.close();
  for (const made of [directory, consumers]) rmSync(made, { recursive: true, force: true });
});

describe("the tarball", () => {
  it("holds the build and what describes it, nothing else", () => {
    expect(files.filter((path) => !path.startsWith("dist/")).sort()).toEqual([
      "LICENSE",
      "README.md",
      "bin/nylas-imap.js",
      "package.json",
    ]);
    const built = files.filter((path) => path.startsWith("dist/"));
    expect(built.filter((path) => !/\.(js|d\.ts)$/.test(path))).toEqual([]);
    expect(built.filter((path) => /test|\.tsbuildinfo|\.env/.test(path))).toEqual([]);
    expect(built).toEqual(
      expect.arrayContaining(["index", "pulumi/provider"].flatMap((name) => [`dist/${name}.js`, `dist/${name}.d.ts`])),
    );
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
  it.each(Object.entries(strictCompilers))("%s", async (_name, { files: sources, options }) => {
    const project = join(consumers, "template");
    for (const file of ["every-export.ts", "every-export-esm.mts"]) writeFileSync(join(project, file), everyExport);
    const compilerOptions = {
      ...options,
      target: "es2022",
      noEmit: true,
      strict: true,
      skipLibCheck: false,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
    };
    writeFileSync(join(project, "tsconfig.strict.json"), JSON.stringify({ compilerOptions, files: sources }));
    await runIn(project, "npx", "--no-install", "tsc", "-p", "tsconfig.strict.json");
  });
});
