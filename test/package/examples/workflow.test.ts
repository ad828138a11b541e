import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}

interface Job {
  if?: string;
  environment?: string;
  env?: Record<string, string>;
  permissions?: Record<string, string>;
  strategy?: { "max-parallel"?: number; matrix: { stack: string[] } };
  steps: Step[];
}

interface Workflow {
  on: Record<string, { branches?: string[] } | null>;
  env?: Record<string, string>;
  permissions: Record<string, string>;
  concurrency: { group: string; "cancel-in-progress": boolean };
  jobs: Record<string, Job>;
}

const file = join(import.meta.dirname, "../../../examples/environments/.github/workflows/mail.yml");
const workflow = parse(readFileSync(file, "utf8")) as Workflow;
const jobs = Object.entries(workflow.jobs);
const pulumi = ({ steps }: Job) => steps.filter(({ uses }) => uses?.startsWith("pulumi/actions@"));
/** True unless the job's condition limits it to pushes. */
const runsUnreviewed = ({ if: condition = "" }: Job) => !/^github\.event_name == 'push'( &&|$)/.test(condition);

describe("examples/environments, the GitHub Actions file", () => {
  it("starts for pull requests and for what is merged, and for nothing that lends a fork its rights", () => {
    expect(workflow.on).toEqual({ pull_request: null, push: { branches: ["main"] } });
  });

  it("runs unreviewed code at the development stack only, and changes nothing there", () => {
    const unreviewed = jobs.filter(([, job]) => runsUnreviewed(job));
    expect(unreviewed.map(([name]) => name)).toEqual(["preview"]);
    for (const [, job] of unreviewed) {
      expect(job.environment).toBe("dev");
      expect(job.strategy).toBeUndefined();
      expect(pulumi(job).map((step) => step.with)).toEqual([
        expect.objectContaining({ command: "preview", "stack-name": "dev" }),
      ]);
    }
  });

  it("gives keys to the steps that run Pulumi, and to nothing else", () => {
    expect(JSON.stringify([workflow.env, jobs.map(([, job]) => job.env)])).not.toContain("secrets.");
    for (const [, { steps }] of jobs) {
      for (const step of steps) {
        if (step.uses?.startsWith("pulumi/actions@")) expect(step.env).toHaveProperty("NYLAS_API_KEY");
        else expect(JSON.stringify(step)).not.toContain("secrets.");
      }
    }
  });

  it("takes each stack's keys from the environment of that stack, one stack after the other", () => {
    const { up } = workflow.jobs;
    expect(up?.environment).toBe(`\${{ matrix.stack }}`);
    expect(up?.strategy).toEqual({ "max-parallel": 1, matrix: { stack: ["dev", "staging", "prod"] } });
    expect(up && pulumi(up).map((step) => step.with)).toEqual([
      expect.objectContaining({ command: "up", "stack-name": `\${{ matrix.stack }}` }),
    ]);
  });

  it("may write only where it writes a comment", () => {
    expect(workflow.permissions).toEqual({});
    for (const [name, job] of jobs) {
      const comments = pulumi(job).some((step) => step.with?.["comment-on-pr"] === true);
      const write = comments ? { "pull-requests": "write" } : {};
      expect(job.permissions, name).toEqual({ contents: "read", ...write });
    }
  });

  it("names every action by its commit, and leaves no credentials behind the checkout", () => {
    const used = jobs.flatMap(([, { steps }]) => steps).filter(({ uses }) => uses !== undefined);
    expect(used).toHaveLength(6);
    for (const { uses, with: given } of used) {
      expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      if (uses?.startsWith("actions/checkout@")) expect(given).toEqual({ "persist-credentials": false });
    }
  });

  it("lets one run of a branch wait for the other, and cuts none off", () => {
    expect(workflow.concurrency).toEqual({ group: `mail-\${{ github.ref }}`, "cancel-in-progress": false });
  });
});
