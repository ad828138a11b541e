import { PNPM } from "../setup/versions.mjs";

/**
 * What users combine with the package: each row is tried by `npm run compatibility`, and a line of the table in docs/upgrades.md.
 *
 * @typedef {object} Row
 * @property {string} name what the program uses, as the table says it
 * @property {string} [node] version that runs Pulumi's programs; default: that of set-up
 * @property {string} [sdk] version of Pulumi's SDK; default: that of this repository
 * @property {string} [typescript] version in the program; default: that of this repository
 * @property {Manager} [manager] default: npm
 * @property {"program" | "workspace" | "library"} [layout] what depends on the package: the program, the program of a workspace, or
 *   only a library of the workspace that the program uses; default: program
 * @property {"external" | "bundled"} [bundle] esbuild bundles the program, and leaves this package out or not
 * @property {RegExp} [fails] what the output has where it does not work; without it, up, unchanged and destroy work
 * @property {string} next what to do, or what to know
 *
 * @typedef {"npm" | "pnpm" | "yarn 1" | "yarn node-modules" | "yarn PnP" | "bun"} Manager
 */

/** Versions of the package managers and of esbuild. */
export const TOOLS = { pnpm: PNPM, yarn: "1.22.22", berry: "4.18.1", bun: "1.4.5", esbuild: "0.28.2" };

/** Without it, pnpm installs everything and ends with exit code 1: ERR_PNPM_IGNORED_BUILDS. */
const PNPM_BUILDS =
  "`allowBuilds: { protobufjs: false }` in `pnpm-workspace.yaml`; without it, pnpm installs all the same, but fails with `ERR_PNPM_IGNORED_BUILDS`";

const NEWEST_SDK = "3.276.0";

/** @type {Row[]} */
export const rows = [
  {
    name: "Node 22.12.0 and `@pulumi/pulumi` 3.216.0",
    node: "22.12.0",
    sdk: "3.216.0",
    next: "the oldest that are supported",
  },
  {
    name: `Node 26.10.0 and \`@pulumi/pulumi\` ${NEWEST_SDK}`,
    node: "26.10.0",
    sdk: NEWEST_SDK,
    next: "the newest when this was tried",
  },
  { name: "TypeScript 5.9.3", typescript: "5.9.3", next: "–" },
  { name: "TypeScript 6.0.3", typescript: "6.0.3", next: "`module: nodenext` in `tsconfig.json`" },
  {
    name: "TypeScript 7.0.2",
    typescript: "7.0.2",
    fails: /ERESOLVE.*peerOptional typescript@">= 3.8.3 < 7"/s,
    next: "npm refuses it, because Pulumi's SDK needs a version below 7: `npm install --save-dev typescript@6`",
  },
  { name: `pnpm ${TOOLS.pnpm}`, manager: "pnpm", next: PNPM_BUILDS },
  {
    name: `pnpm ${TOOLS.pnpm}, a workspace, the program depends on the package`,
    manager: "pnpm",
    layout: "workspace",
    next: "the same",
  },
  {
    name: `pnpm ${TOOLS.pnpm}, a workspace, only a library of the program depends on it`,
    manager: "pnpm",
    layout: "library",
    fails: /add pulumi-nylas-imap to the dependencies of the program itself/,
    next: "add the package to the program's own dependencies: Pulumi's provider process loads it from there",
  },
  { name: `yarn ${TOOLS.yarn}`, manager: "yarn 1", next: "–" },
  { name: `yarn ${TOOLS.berry}, \`nodeLinker: node-modules\``, manager: "yarn node-modules", next: "–" },
  {
    name: `yarn ${TOOLS.berry}, Plug'n'Play`,
    manager: "yarn PnP",
    fails: /the Pulumi SDK has not been installed/,
    next: "`nodeLinker: node-modules` in `.yarnrc.yml`, or `yarn exec` before each command of Pulumi",
  },
  { name: `bun ${TOOLS.bun} as installer`, manager: "bun", next: "–" },
  {
    name: `esbuild ${TOOLS.esbuild}, the package external`,
    bundle: "external",
    next: "`--external:pulumi-nylas-imap`, and `--external:@pulumi/pulumi`",
  },
  {
    name: `esbuild ${TOOLS.esbuild}, the package bundled`,
    bundle: "bundled",
    fails: /leave the package out of the bundle/,
    next: "leave it external",
  },
];
