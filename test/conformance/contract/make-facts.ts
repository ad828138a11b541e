/**
 * Writes nylas-contract.json. Run it by hand, on the repository's own Node, when Nylas has published a new contract:
 *
 *     npm exec -- node test/conformance/contract/make-facts.ts https://developer.nylas.com/openapi.json
 *
 * The argument is a URL or a file, JSON or YAML. `--address URL` says where a file is from, `--date YYYY-MM-DD` how old
 * it is; without them the facts name the URL and today.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { FACTS_FILE } from "./document.ts";
import { factsOf } from "./facts.ts";

const DOWNLOAD_TIMEOUT_MS = 60_000;
const LINE_WIDTH = 120;
const INDENT = 2;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { address: { type: "string" }, date: { type: "string" } },
});
const [given] = positionals;
if (given === undefined) throw new Error("name the OpenAPI document: a file or a URL");
const address = values.address ?? (URL.canParse(given) ? given : undefined);
if (address === undefined) throw new Error("say with --address where the file is from");
const date = values.date ?? new Date().toISOString().slice(0, "2000-01-01".length);

const facts = factsOf(parse(await read(given)), { address, date });
writeFileSync(FACTS_FILE, `${print(facts, 0)}\n`);
console.log(`${FACTS_FILE}: ${Object.keys(facts.paths).length} paths, ${Object.keys(facts.others).length} others`);

async function read(place: string): Promise<string> {
  if (!URL.canParse(place)) return readFileSync(place, "utf8");
  const answer = await fetch(place, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`${place} answers ${answer.status}`);
  return answer.text();
}

/** Formats JSON with short objects on one line, so that changing one fact changes one line. */
function print(value: unknown, depth: number): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const entries = Object.entries(value).map(([name, part]) => ({
    label: Array.isArray(value) ? "" : `${JSON.stringify(name)}: `,
    part,
  }));
  const pad = " ".repeat(INDENT * (depth + 1));
  const lines = entries.map(({ label, part }) => {
    const short = `${label}${inline(part)}`;
    return pad + (pad.length + short.length < LINE_WIDTH ? short : `${label}${print(part, depth + 1)}`);
  });
  return [open, lines.join(",\n"), " ".repeat(INDENT * depth) + close].join("\n");
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}: ${inline(part)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}
