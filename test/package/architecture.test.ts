import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const PAGES: Readonly<Record<string, string>> = {
  provider: join(ROOT, "docs/architecture.md"),
  emulator: join(ROOT, "emulator/docs/architecture.md"),
};
const PACKAGES = Object.keys(PAGES);

/** A file's import of another file of the same package. */
interface Import {
  from: string;
  to: string;
}

describe.each(PACKAGES)("the architecture page on %s/src", (name) => {
  it("has one line for each folder and file at the top", () => {
    expect(rows(name).map(({ room }) => room)).toEqual(expect.arrayContaining(rooms(name)));
    expect(rows(name)).toHaveLength(rooms(name).length);
  });

  it("says what each of them imports", () => {
    const actual = rooms(name).map((room) => ({ room, imports: importsOf(name, room) }));
    if (process.env.UPDATE_DOCS !== undefined) update(name, actual);
    const listed = rows(name).map(({ room, imports }) => ({ room, imports }));
    const how = "regenerate it with: UPDATE_DOCS=1 npx vitest run test/package/architecture.test.ts";
    expect(listed.toSorted(byRoom), how).toEqual(actual.toSorted(byRoom));
  });
});

it("no file of either package imports itself through others", () => {
  for (const name of PACKAGES) {
    const imports = importsIn(name);
    const next = (file: string) => imports.filter(({ from }) => from === file).map(({ to }) => to);
    for (const start of new Set(imports.map(({ from }) => from))) {
      const seen = new Set<string>();
      const waiting = next(start);
      for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
        if (seen.has(file)) continue;
        seen.add(file);
        waiting.push(...next(file));
      }
      expect(seen.has(start), `${name}/src/${start} imports itself`).toBe(false);
    }
  }
});

it.each(PACKAGES)("the files that the architecture page of %s names exist", (name) => {
  const named = [...page(name).matchAll(/`([a-z-]+\/[a-z-]+\.ts)`/g)].map((match) => match[1] ?? "");
  expect(named.length).toBeGreaterThan(0);
  const files = sources(name);
  expect(named.filter((file) => !files.includes(file))).toEqual([]);
});

function page(name: string): string {
  return readFileSync(pageOf(name), "utf8");
}

function pageOf(name: string): string {
  const path = PAGES[name];
  if (path === undefined) throw new Error(`${name} has no architecture page`);
  return path;
}

/** Names of folders, with a slash at the end, and of files. */
function rooms(name: string): string[] {
  return [...new Set(sources(name).map(roomOf))];
}

function roomOf(file: string): string {
  const [first = "", ...more] = file.split("/");
  return more.length === 0 ? first : `${first}/`;
}

function importsOf(name: string, room: string): string[] {
  const targets = importsIn(name)
    .filter(({ from }) => roomOf(from) === room)
    .map(({ to }) => roomOf(to));
  return [...new Set(targets)].filter((target) => target !== room).toSorted();
}

/** Ignores type-only imports, which do not exist at run time. */
function importsIn(name: string): Import[] {
  return sources(name).flatMap((from) => {
    const text = readFileSync(join(ROOT, name, "src", from), "utf8");
    const found = text.matchAll(/^(?:import|export|\} from)(?! type)[^"]*"(\.[^"]+)"|import\("(\.[^"]+)"\)/gm);
    return [...found].map(([, spec, lazy]) => ({ from, to: resolved(from, spec ?? lazy ?? "") }));
  });
}

function resolved(from: string, spec: string): string {
  return normalize(join(dirname(from), spec))
    .replaceAll(sep, "/")
    .replace(/\.js$/, ".ts");
}

function sources(name: string): string[] {
  return readdirSync(join(ROOT, name, "src"), { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll(sep, "/"))
    .filter((file) => file.endsWith(".ts"));
}

interface Row {
  room: string;
  holds: string;
  imports: string[];
}

function rows(name: string): Row[] {
  const section = page(name).split(`## Folders of \`${name}/src\``)[1]?.split("\n\n")[1] ?? "";
  return section
    .split("\n")
    .slice(2)
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, room = "", holds = "", imports = ""]) => ({
      room: room.replaceAll("`", ""),
      holds,
      imports: imports === "" ? [] : imports.replaceAll("`", "").split(", ").toSorted(),
    }));
}

function update(name: string, actual: readonly { room: string; imports: string[] }[]): void {
  let text = page(name);
  for (const { room, imports } of actual) {
    const row = rows(name).find((one) => one.room === room);
    if (row === undefined) continue;
    const list = imports.map((one) => `\`${one}\``).join(", ");
    const [before, section = ""] = text.split(`## Folders of \`${name}/src\``);
    const line = new RegExp(`^\\| \`${room.replaceAll(".", "\\.")}\` \\|.*$`, "m");
    text = `${before}## Folders of \`${name}/src\`${section.replace(line, `| \`${room}\` | ${row.holds} | ${list} |`)}`;
  }
  writeFileSync(pageOf(name), text);
}

function byRoom(left: { room: string }, right: { room: string }): number {
  return left.room.localeCompare(right.room);
}
