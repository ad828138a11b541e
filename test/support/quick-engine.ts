import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { readSetup } from "../../scripts/setup/environment.mjs";
import { writeIfChanged } from "../../tools/harness/write-if-changed.mjs";

const root = join(import.meta.dirname, "../..");
const DIRECTORY = join(root, ".work/quick-engine");
const SDK = join(root, "node_modules/@pulumi/pulumi");
const LATE: string[] = JSON.parse(readFileSync(join(import.meta.dirname, "late-modules.json"), "utf8"));
const VARIABLE = "TEST_ENGINE_DIRECTORY";

/** Environment of the engine's commands. `vitest.config.ts` sets the cache of compiled code for all processes. */
export const QUICK_COMMANDS = {
  NODE_OPTIONS: `--require ${JSON.stringify(join(import.meta.dirname, "late-modules.cjs"))}`,
  // The engine lives for seconds: no garbage collection.
  GOGC: "off",
  // Each command looks through the logs that earlier ones have left, and tests leave thousands.
  PULUMI_LOG_ROTATION_MAX_TOTAL_MB: "1",
  // tsc checks the types of each example and written program once, instead of every command.
  PULUMI_NODEJS_TRANSPILE_ONLY: "true",
};

/**
 * vitest's global set-up: copies the engine beside a launcher of dynamic providers that starts one Node process. Pulumi's starts
 * another one before it, a tenth of a command's processor time, to find the path that is written here. The engine accepts a
 * launcher without a warning only in its own directory. Writes only what differs, because tests may be running on these files: a
 * test that starts vitest comes here as well.
 */
export default async function copyEngine(): Promise<void> {
  const { engine } = readSetup();
  // An installed CLI may be a script that expects its own host.
  if (engine.kind !== "build" || process.platform === "win32") return;
  mkdirSync(DIRECTORY, { recursive: true });
  for (const name of ["pulumi", "pulumi-language-nodejs"]) {
    writeIfChanged(join(DIRECTORY, name), readFileSync(join(engine.directory, name)), 0o755);
  }
  const provider = join(DIRECTORY, "dynamic-provider.cjs");
  writeIfChanged(provider, Buffer.from(await bundledProvider()));
  const launcher = `#!/bin/sh\nexec node '${provider.replaceAll("'", `'\\''`)}' "$@"\n`;
  writeIfChanged(join(DIRECTORY, "pulumi-resource-pulumi-nodejs"), Buffer.from(launcher), 0o755);
  process.env[VARIABLE] = DIRECTORY;
}

/** Pulumi's host of dynamic providers in one file, in place of 160: that saves a third of its start. */
async function bundledProvider(): Promise<string> {
  const bundle = await rolldown({
    input: join(SDK, "cmd/dynamic-provider/index.js"),
    platform: "node",
    // Loaded late, if ever: late-modules.cjs.
    external: LATE,
    plugins: [
      {
        name: "late Automation API",
        resolveId: (id) =>
          id === "./automation" ? { id: join(SDK, "automation/index.js"), external: "absolute" } : null,
      },
    ],
  });
  const { output } = await bundle.generate({ format: "cjs", codeSplitting: false, keepNames: true });
  await bundle.close();
  return output[0].code;
}

/** The directory of that copy, if there is one. */
export function quickEngine(): string | undefined {
  return process.env[VARIABLE];
}
