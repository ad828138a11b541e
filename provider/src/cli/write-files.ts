import { existsSync, mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/**
 * Writes all files into a directory, or none: they are written aside, and then moved there; a new directory is moved as a whole.
 * Throws without a trace if anything fails.
 */
export function writeFiles(out: string, files: Readonly<Record<string, string>>): void {
  const target = resolve(out);
  if (existsSync(target)) writeAside(target, target, files, (aside) => moveInto(target, aside, Object.keys(files)));
  else
    inDirectory(dirname(target), () =>
      writeAside(dirname(target), target, files, (aside) => renameSync(aside, target)),
    );
}

/** Writes the files into a temporary directory beside or in the target: on the same file system, moving is renaming. */
function writeAside(
  parent: string,
  target: string,
  files: Readonly<Record<string, string>>,
  move: (aside: string) => void,
): void {
  const aside = mkdtempSync(join(parent, `.${basename(target)}-`));
  try {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(aside, file), text, { flag: "wx" });
    move(aside);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function moveInto(target: string, aside: string, names: readonly string[]): void {
  const moved: string[] = [];
  try {
    for (const name of names) {
      renameSync(join(aside, name), join(target, name));
      moved.push(join(target, name));
    }
  } catch (error) {
    for (const file of moved) rmSync(file);
    throw error;
  }
}

/** Creates the directory if there is none, and removes what it has created if the work fails. */
function inDirectory(directory: string, work: () => void): void {
  if (existsSync(directory)) {
    work();
    return;
  }
  inDirectory(dirname(directory), () => {
    mkdirSync(directory);
    try {
      work();
    } catch (error) {
      rmdirSync(directory);
      throw error;
    }
  });
}
