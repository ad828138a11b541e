import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUILT_LANGUAGE_HOST } from "../setup/versions.mjs";

/** @import { GoCommand } from "../setup/go-build.mjs" */

/**
 * @typedef {object} Place
 * @property {string} sdk the generated SDK
 * @property {string} program
 * @property {(cwd: string, line: readonly string[]) => Promise<string>} run
 */

/**
 * @typedef {object} Program
 * @property {string} [example] the directory that has it
 * @property {Record<string, string>} [files] contents by name, which are written over those of the example
 * @property {(place: Place) => Promise<unknown>} [install]
 * @property {string} [path] below the program, goes first on PATH
 */

/**
 * @typedef {object} Language
 * @property {boolean} [generated] whether its SDK is
 * @property {string} [absent] why it is not tried
 * @property {readonly string[]} [tools] commands that compiling needs
 * @property {(place: Place) => Promise<unknown>} [compile]
 * @property {Program} [program]
 * @property {GoCommand} [host] the language host, if the engine of set-up may lack it
 */

const SDK_OF_HOSTS = `github.com/pulumi/pulumi/sdk/v3@v${BUILT_LANGUAGE_HOST}`;

const NODE_PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const nylas = require("pulumi-nylas");

const config = new pulumi.Config();
const imap = new nylas.ImapConnector("imap");
const ops = new nylas.ByoImapGrant("ops", {
  connector: imap.id,
  imapUsername: config.require("username"),
  imapPassword: config.requireSecret("password"),
  imapHost: config.require("imapHost"),
  imapPort: config.getNumber("imapPort"),
  smtpHost: config.require("smtpHost"),
  smtpPort: config.getNumber("smtpPort"),
});
exports.grantId = ops.grantId;
`;

/** Writes the SDKs of all languages. @satisfies {GoCommand} */
export const GENERATOR = {
  name: "generate-sdks",
  module: "generate-sdks",
  package: ".",
  sources: ["main.go"],
};

/** Of the package's schema. */
export const GO_MODULE = "github.com/pulumi-nylas-imap/pulumi-nylas-imap/sdk/go";

const npmInstall = ["npm", "install", "--prefer-offline", "--no-audit", "--no-fund"];

/** @type {Record<string, Language>} */
export const LANGUAGES = {
  yaml: {
    program: { example: "examples/yaml" },
    host: {
      name: "pulumi-language-yaml",
      module: "pulumi-language-yaml",
      package: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    },
  },
  nodejs: {
    generated: true,
    tools: ["npm"],
    compile: async ({ sdk, run }) => {
      await run(sdk, npmInstall);
      await run(sdk, ["npm", "run", "build"]);
      // What is published of an SDK is its directory `bin`.
      copyFileSync(join(sdk, "package.json"), join(sdk, "bin", "package.json"));
    },
    program: {
      files: { "Pulumi.yaml": "name: nylas-nodejs\nruntime: nodejs\n", "index.js": NODE_PROGRAM },
      install: ({ sdk, program, run }) => {
        const dependencies = { "@pulumi/pulumi": "^3.142.0", "pulumi-nylas": `file:${join(sdk, "bin")}` };
        writeFileSync(
          join(program, "package.json"),
          JSON.stringify({ name: "nylas-nodejs", main: "index.js", dependencies }),
        );
        return run(program, [...npmInstall, "--install-links"]);
      },
    },
  },
  python: {
    generated: true,
    tools: ["python3"],
    compile: async ({ sdk, program, run }) => {
      await run(program, ["python3", "-m", "venv", "venv"]);
      await run(program, [join("venv", "bin", "pip"), "install", "--quiet", sdk]);
      await run(program, [join("venv", "bin", "python"), "-m", "compileall", "-q", sdk]);
    },
    // The host that is built here does not know the option `virtualenv`, so the environment is activated.
    program: { example: "examples/python", path: join("venv", "bin") },
    host: {
      name: "pulumi-language-python",
      // The modules of both hosts are one.
      module: "pulumi-language-nodejs",
      package: "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
      companion: `${SDK_OF_HOSTS}/python/cmd/pulumi-language-python-exec`,
    },
  },
  go: {
    generated: true,
    tools: ["go"],
    compile: async ({ sdk, run }) => {
      writeFileSync(join(sdk, "go.mod"), `module ${GO_MODULE}\n\ngo 1.25\n`);
      await run(sdk, ["go", "mod", "tidy"]);
      await run(sdk, ["go", "vet", "./..."]);
    },
    program: {
      example: "examples/go",
      install: async ({ sdk, program, run }) => {
        await run(program, ["go", "mod", "edit", `-replace=${GO_MODULE}=${sdk}`]);
        await run(program, ["go", "mod", "tidy"]);
      },
    },
    host: {
      name: "pulumi-language-go",
      module: "pulumi-language-go",
      package: "github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go",
    },
  },
  csharp: { absent: "Pulumi's generator for C# left the modules that the Go module proxy serves after 3.225" },
  java: { absent: "Pulumi's generator for Java is in no module that the Go module proxy serves" },
};
