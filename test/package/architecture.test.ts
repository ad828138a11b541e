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

describe.each(PACKAGES)("no part of %s imports itself through others, types included", (name) => {
  it("file by file", () => {
    expect(circles(importsIn(name))).toEqual([]);
  });

  it("folder by folder", () => {
    const arrows = importsIn(name).map(({ from, to }) => ({ from: roomOf(name, from), to: roomOf(name, to) }));
    expect(circles(arrows.filter(({ from, to }) => from !== to))).toEqual([]);
  });
});

describe("the core of the provider", () => {
  const CORE = /^(core|nylas|preflight)\/|^[a-z-]+\.ts$/;
  const core = sources("provider").filter((file) => CORE.test(file) && file !== "index.ts");

  it("imports neither a host, nor the program's side, nor Pulumi's SDK", () => {
    const imports = importsIn("provider").filter(({ from, to }) => core.includes(from) && !core.includes(to));
    expect(imports).toEqual([]);
    expect(core.filter((file) => /["']@pulumi\//.test(source("provider", file)))).toEqual([]);
  });

  it("reaches the process only through its host", () => {
    expect(core.filter((file) => /\b(console|process)\./.test(withoutComments(source("provider", file))))).toEqual([]);
  });
});

/** What can be reached from itself. */
function circles(imports: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  return [...next.keys()].filter((start) => {
    const seen = new Set<string>();
    const waiting = [start];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      const targets = (next.get(place) ?? []).filter((to) => !seen.has(to));
      for (const target of targets) seen.add(target);
      waiting.push(...targets);
    }
    return seen.has(start);
  });
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
}

it.each(PACKAGES)("the files that the architecture page of %s names exist", (name) => {
  const named = [...page(name).matchAll(/`([a-z-]+(?:\/[a-z-]+)+\.ts)`/g)].map((match) => match[1] ?? "");
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
  return [...new Set(sources(name).map((file) => roomOf(name, file)))];
}

/** A file at the top, or a folder: of the provider each one, of the emulator those at the top. */
function roomOf(name: string, file: string): string {
  if (!file.includes("/")) return file;
  return `${name === "provider" ? dirname(file) : file.split("/")[0]}/`;
}

function importsOf(name: string, room: string): string[] {
  const targets = importsIn(name)
    .filter(({ from }) => roomOf(name, from) === room)
    .map(({ to }) => roomOf(name, to));
  return [...new Set(targets)].filter((target) => target !== room).toSorted();
}

function importsIn(name: string): Import[] {
  return sources(name).flatMap((from) => {
    const found = source(name, from).matchAll(/^(?:import|export|\} from)[^"]*"(\.[^"]+)"|import\("(\.[^"]+)"\)/gm);
    return [...found].map(([, spec, lazy]) => ({ from, to: resolved(from, spec ?? lazy ?? "") }));
  });
}

function resolved(from: string, spec: string): string {
  return normalize(join(dirname(from), spec))
    .replaceAll(sep, "/")
    .replace(/\.js$/, ".ts");
}

function source(name: string, file: string): string {
  return readFileSync(join(ROOT, name, "src", file), "utf8");
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
