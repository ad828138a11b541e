import { createRequire } from "node:module";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "./identity.js";

const PACKAGE = "pulumi-nylas-imap";
/** What the stored code loads. */
const ENTRY = `${PACKAGE}/provider`;
/** Pulumi starts the provider's process here as well. Read at once, because the program may change its directory. */
const programDirectory = process.cwd();

/**
 * Throws if the code that Pulumi stores for a resource could not load this package in the provider's process. Pulumi's own errors
 * then are about a function that cannot be serialized, or a module that is not found.
 */
export function refuseUnusableCode(thunk: pulumi.dynamic.ResourceProvider): void {
  // Unit tests with `setMocks` have no engine, and nothing is stored.
  if (pulumi.runtime.getEngine() === undefined) return;
  if (!String(thunk.configure).includes(`require("${ENTRY}")`)) {
    throw refusal({
      operation: `Preparing the provider of ${PACKAGE}`,
      answer: "a bundler has rewritten the package, so Pulumi cannot store the code of its resources",
      remedy: `leave the package out of the bundle, as with \`esbuild --external:${PACKAGE}\`, and install it where the program runs`,
    });
  }
  try {
    createRequire(join(programDirectory, "index.js")).resolve(ENTRY);
  } catch {
    throw refusal({
      operation: `Preparing the provider of ${PACKAGE}`,
      answer: `the package cannot be found from ${programDirectory}, where Pulumi starts the provider`,
      remedy:
        `add ${PACKAGE} to the dependencies of the program itself, in the package.json there, and install: ` +
        "a dependency of a library that the program uses is not enough with package managers that do not hoist it, such as pnpm and bun",
    });
  }
}
