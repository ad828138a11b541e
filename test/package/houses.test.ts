import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
/** Names of the packages, which files of the other one may not import either. */
const PACKAGES: Readonly<Record<string, string>> = { "pulumi-nylas-imap": "provider", "nylas-emulator": "emulator" };

/** What the files of a folder may import: below these folders, and any package but the other one of this repository. */
const MAY_IMPORT: readonly { files: string; from: readonly string[] }[] = [
  { files: "provider/src", from: ["provider"] },
  { files: "emulator/src", from: ["emulator/src"] },
  { files: "emulator/page", from: ["emulator/page"] },
  { files: "emulator/test", from: ["emulator", "tools/harness"] },
  { files: "emulator/docs", from: ["tools/harness"] },
  { files: "tools/harness", from: ["tools/harness", "scripts/setup", "emulator"] },
];

it.each(MAY_IMPORT)("$files imports only from $from", ({ files, from }) => {
  const sources = globSync(`${files}/**/*.{ts,js,mjs}`, { cwd: ROOT });
  const imports = sources.flatMap((file) => importsOf(file).map((target) => ({ file, target })));
  expect(imports).not.toEqual([]);
  const foreign = imports.filter(({ target }) => !from.some((folder) => `${target}/`.startsWith(`${folder}/`)));
  expect(foreign).toEqual([]);
});

/** Paths of this repository that a file imports, types included. The name of one of its packages is the path of its folder. */
function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, file), "utf8"), true, true);
  return importedFiles.flatMap(({ fileName }) => {
    if (fileName.startsWith(".")) return [join(dirname(file), fileName)];
    const folder = Object.entries(PACKAGES).find(([name]) => `${fileName}/`.startsWith(`${name}/`))?.[1];
    return folder === undefined ? [] : [folder];
  });
}
