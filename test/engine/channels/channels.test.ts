import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CHANNELS, type Channel, type Turn } from "./channels.js";
import { contains, type Sight } from "./scan.js";
import { API_KEY_CORE, coreOf, digestsIn, openStage, SOURCES, type Stage } from "./stage.js";

const PAGE = join(import.meta.dirname, "../../../docs/secrets.md");
const [BEGIN, END] = ["<!-- by test/engine/channels: -->\n", "<!-- end -->\n"];
const COLUMNS = [...SOURCES, "digest of a password", "configured API key"] as const;

let stage: Stage;
let turns = 0;
/** By channel, in the order of `COLUMNS`. */
const sights = new Map<string, Sight[]>();

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

const turn: Turn = async (command, ...args) => {
  if (command === "up") turns += 1;
  // A plan is one of the `up` that follows.
  stage.stack.env.TURN = String(command === "up" ? turns : turns + 1);
  const { code, output } = await stage.stack.run(command, ...args);
  if (code !== 0) throw new Error(`pulumi ${[command, ...args].join(" ")} ended with ${code}: ${output.slice(-2_000)}`);
  return output;
};

async function sightsOf(channel: Channel): Promise<Sight[]> {
  rmSync(stage.written, { recursive: true });
  mkdirSync(stage.written);
  const shown = await channel.shows(stage, turn);
  const decrypted = (await channel.decrypted?.(stage)) ?? "";
  const digests = digestsIn((await stage.stack.run("stack", "export", "--show-secrets")).output);
  const sight = (...texts: string[]): Sight => {
    const isIn = (place: string) => texts.some((text) => contains(place, text));
    if (isIn(shown)) return "clear";
    return isIn(decrypted) ? "encrypted" : "absent";
  };
  return [...SOURCES.map((source) => sight(coreOf(source))), sight(...digests), sight(API_KEY_CORE)];
}

it.each(CHANNELS)("$name shows no password by reference", async (channel) => {
  const found = await sightsOf(channel);
  sights.set(channel.name, found);
  expect(found[SOURCES.indexOf("by reference")]).toBe("absent");
});

it("the channels show what docs/secrets.md says", () => {
  const page = readFileSync(PAGE, "utf8");
  const [before = "", rest = ""] = page.split(BEGIN);
  const [, after = ""] = rest.split(END);
  const expected = `${before}${BEGIN}\n${table()}\n${END}${after}`;
  if (process.env.UPDATE_DOCS !== undefined) writeFileSync(PAGE, expected);
  const how = "regenerate it with: UPDATE_DOCS=1 npx vitest run --mode all test/engine/channels";
  expect(readFileSync(PAGE, "utf8"), how).toBe(expected);
});

it("an API key in the environment is shown by NODE_DEBUG only", async () => {
  await stage.close();
  stage = await openStage({ keyIn: "environment" });
  const chosen = CHANNELS.filter(({ name }) => /NODE_DEBUG|-v=11|-traces|`--tracing`$/.test(name));
  expect(chosen).toHaveLength(4);
  for (const channel of chosen) {
    const key = (await sightsOf(channel)).at(-1);
    expect(key, channel.name).toBe(channel.name.includes("NODE_DEBUG") ? "clear" : "absent");
  }
});

/** One row for each run of channels of one kind that show the same. */
function table(): string {
  const rows: { first: string; last: string; cells: string }[] = [];
  for (const [name, found] of sights) {
    const cells = found.join(" | ");
    const previous = rows.at(-1);
    const isLevel = (text: string) => /^`-v=\d+`$/.test(text);
    if (previous?.cells === cells && isLevel(previous.last) && isLevel(name)) previous.last = name;
    else rows.push({ first: name, last: name, cells });
  }
  const lines = rows.map(
    ({ first, last, cells }) => `| ${first === last ? first : `${first} to ${last}`} | ${cells} |`,
  );
  return [`| channel | ${COLUMNS.join(" | ")} |`, `|---|${"---|".repeat(COLUMNS.length)}`, ...lines, ""].join("\n");
}
