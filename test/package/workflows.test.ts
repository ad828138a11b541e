import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { present } from "../support/emulator.js";

interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

interface Job {
  needs?: string;
  environment?: string;
  permissions?: Record<string, string>;
  steps: { uses?: string; run?: string; with?: Record<string, unknown> }[];
}

const root = join(import.meta.dirname, "../..");
const directory = join(root, ".github/workflows");
const texts = readdirSync(directory).map((file) => readFileSync(join(directory, file), "utf8"));
const release: Workflow = parse(readFileSync(join(directory, "release.yml"), "utf8"));
const PINNED = /^actions\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;

it("the workflows pin each action by its commit, and keep no token in the checkout", () => {
  const uses = texts.flatMap((text) => [...text.matchAll(/uses: (.*)/g)].map(([, action = ""]) => action));
  expect(uses.length).toBeGreaterThan(3);
  expect(uses.filter((action) => !PINNED.test(action))).toEqual([]);
  const steps = texts.flatMap((text) => Object.values((parse(text) as Workflow).jobs)).flatMap((job) => job.steps);
  const checkouts = steps.filter((step) => step.uses?.startsWith("actions/checkout@"));
  expect(checkouts.filter((step) => step.with?.["persist-credentials"] !== false)).toEqual([]);
});

it("the workflows call scripts that exist", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
  const called = texts.flatMap((text) => [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script = ""]) => script));
  expect(called).toContain("release:check");
  expect(called.filter((script) => !(script in scripts))).toEqual([]);
});

it("a release starts with a tag, and publishes after the checks with an identity of that one job", () => {
  expect(release.on).toEqual({ push: { tags: ["v*"] } });
  expect(release.permissions).toEqual({});
  const identified = Object.entries(release.jobs).filter(([, job]) => job.permissions?.["id-token"] !== undefined);
  expect(identified.map(([name]) => name)).toEqual(["publish"]);
  const publish = present(release.jobs.publish);
  expect(publish.environment).toBe("npm");
  const checked = present(release.jobs[present(publish.needs)]);
  expect(checked.steps.map(({ run }) => run)).toContain("npm run release:check");
  expect(JSON.stringify(release)).not.toContain("secrets.");
});
