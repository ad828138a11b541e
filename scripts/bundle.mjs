#!/usr/bin/env node
/**
 * Bundles the entries of `provider/` from `provider/dist` into `provider/bundle`, which programs and engine load: each start of
 * a process would otherwise load some forty files. The page that `nylas-imap explain` reads goes with them. Set-up, the tests
 * and `npm pack` run this script. It writes only what differs, so that processes which load the files meanwhile find them whole.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { writeIfChanged } from "../tools/harness/write-if-changed.mjs";
import { repositoryDirectory } from "./setup/paths.mjs";

const compiled = join(repositoryDirectory, "provider", "dist");
const bundled = join(repositoryDirectory, "provider", "bundle");

const bundle = await rolldown({
  input: {
    index: join(compiled, "index.js"),
    provider: join(compiled, "hosts", "dynamic", "provider.js"),
    cli: join(compiled, "cli", "cli.js"),
  },
  platform: "node",
  // Dependencies stay in node_modules.
  external: /^[^./]/,
  plugins: [
    {
      name: "frozen thunk",
      // Pulumi stores the text of its functions, which a bundler would format anew.
      resolveId: (id) =>
        id.endsWith("/thunk.js") ? { id: "../dist/hosts/dynamic/thunk.js", external: true } : undefined,
    },
  ],
});
// Errors have the names of their classes.
const { output } = await bundle.generate({ chunkFileNames: "[name].js", keepNames: true });
await bundle.close();

mkdirSync(bundled, { recursive: true });
for (const file of output) {
  if (file.type === "chunk") writeIfChanged(join(bundled, file.fileName), Buffer.from(file.code));
}
const page = "troubleshooting.md";
writeIfChanged(join(bundled, page), readFileSync(join(repositoryDirectory, "docs", page)));
const names = [page, ...output.map(({ fileName }) => fileName)];
for (const name of readdirSync(bundled)) if (!names.includes(name)) rmSync(join(bundled, name));
