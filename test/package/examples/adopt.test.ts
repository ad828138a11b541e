import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { codeBlocks } from "../../../tools/harness/code-blocks.js";
import { type Clone, cloneWith, SNAPSHOT, snapshots } from "../../support/clone.js";

const README = readFileSync(join(import.meta.dirname, "../../../examples/adopt/README.md"), "utf8");
/** A dozen commands of npm and Pulumi, one after the other. */
const TIMEOUT_MS = 600_000;
const APPLICATION = "GET /v3/applications";
const CONNECTOR = "GET /v3/connectors/imap";
const GRANTS = "GET /v3/grants";
const AUTHENTICATE = "POST /v3/connect/custom";

let clone: Clone;

beforeAll(() => {
  clone = cloneWith("adopt");
});

afterAll(() => clone.remove());

it("examples/adopt takes over mailboxes in both ways, as its README says, and gives them back", {
  timeout: TIMEOUT_MS,
}, async () => {
  const blocks = codeBlocks(README, "sh");
  const end = blocks.at(-1) ?? "";
  const output = await clone.bash([...blocks.slice(0, -1).flatMap((block) => [block, SNAPSHOT]), end].join("\n"));
  const [byHand, adopted, adoptDestroyed, exported, imported, up, destroyed] = snapshots(output);

  const ids = byHand?.grants.map(({ id }) => id) ?? [];
  expect(new Set(ids).size).toBe(3);
  for (const { grants, connectors } of snapshots(output)) {
    expect(grants.map(({ id }) => id)).toEqual(ids);
    expect(connectors).toEqual(byHand?.connectors);
  }

  const idOf = (name: string) => byHand?.grants.find(({ email }) => email === `${name}@example.test`)?.id;
  const look = (name: string) => `GET /v3/grants/${idOf(name)}/messages`;
  expect(adopted?.requests).toEqual([APPLICATION, CONNECTOR, GRANTS, AUTHENTICATE, look("ops")]);
  expect(adoptDestroyed?.requests).toEqual([]);
  expect(exported?.requests).toEqual([APPLICATION, CONNECTOR, GRANTS, GRANTS]);
  expect(exported?.output).toContain(`Left out grant ${idOf("ops")} of ops@example.test`);
  expect(imported?.requests).toEqual([]);
  expect(imported?.output).toContain("= 3 imported");
  expect(up?.requests.toSorted()).toEqual(
    [APPLICATION, GRANTS, AUTHENTICATE, AUTHENTICATE, look("billing"), look("support")].toSorted(),
  );
  expect(destroyed?.requests).toEqual([]);

  expect(clone.stacks()).toEqual([]);
  expect(clone.files("examples/adopt")).toEqual([
    "Pulumi.yaml",
    "README.md",
    "index.ts",
    "package.json",
    "tsconfig.json",
  ]);
  expect(clone.files(".work")).toEqual([]);
});
