import { describe, expect, it } from "vitest";
import { type GitHubJob, readGitLabFile, readWorkflow } from "../../support/pipeline.js";

const workflows = { mail: readWorkflow("mail.yml"), drift: readWorkflow("drift.yml") };
const jobs: [string, GitHubJob][] = Object.values(workflows).flatMap((workflow) => Object.entries(workflow.jobs));
const { mail, drift } = workflows;
const STACKS = ["dev", "staging", "prod"];
/** True unless the job's condition limits it to pushes. */
const runsUnreviewed = ({ if: condition = "" }: GitHubJob) => !/^github\.event_name == 'push'( &&|$)/.test(condition);
const runsPulumi = ({ run = "" }: { run?: string }) => /\bpulumi (preview|up|stack|config)\b/.test(run);

describe("examples/ci, the GitHub Actions files", () => {
  it("start for pull requests, for what is merged and at night, and for nothing that lends a fork its rights", () => {
    expect(mail.on).toEqual({ pull_request: null, push: { branches: ["main"] } });
    expect(drift.on).toEqual({ schedule: [{ cron: expect.any(String) }], workflow_dispatch: null });
  });

  it("run unreviewed code at the development stack only, with the keys that may only read", () => {
    const unreviewed = Object.entries(mail.jobs).filter(([, job]) => runsUnreviewed(job));
    expect(unreviewed.map(([name]) => name)).toEqual(["preview"]);
    for (const [, job] of unreviewed) {
      expect(job.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
      expect(job.environment).toBe("dev-read");
      expect(job.strategy).toBeUndefined();
      const commands = job.steps.filter(runsPulumi).map(({ run }) => run);
      expect(commands).toEqual([expect.stringContaining("pulumi preview --stack dev ")]);
    }
  });

  it("give keys to the steps that run Pulumi, and to nothing else", () => {
    for (const workflow of Object.values(workflows)) {
      expect(JSON.stringify([workflow.env, Object.values(workflow.jobs).map(({ env }) => env)])).not.toContain(
        "secrets.",
      );
    }
    for (const [name, { steps }] of jobs) {
      expect(steps.filter(runsPulumi), name).not.toEqual([]);
      for (const step of steps) {
        if (runsPulumi(step)) expect(step.env).toHaveProperty("NYLAS_API_KEY");
        else expect(JSON.stringify(step)).not.toContain("secrets.");
      }
    }
  });

  it("put no expression into a script, which would run what a name contains", () => {
    for (const { run } of jobs.flatMap(([, { steps }]) => steps)) expect(run ?? "").not.toContain("${{");
  });

  it("take each stack's keys from an environment of that stack, and bring up one stack after the other", () => {
    expect(mail.jobs.up?.environment).toBe(`\${{ matrix.stack }}`);
    expect(mail.jobs.up?.strategy).toEqual({ "max-parallel": 1, matrix: { stack: STACKS } });
    expect(drift.jobs.drift?.environment).toBe(`\${{ matrix.stack }}-read`);
    expect(drift.jobs.drift?.strategy).toEqual({ "fail-fast": false, matrix: { stack: STACKS } });
  });

  it("bring up in one job only, and give the passwords of mailboxes to no nightly job", () => {
    expect(
      jobs.filter(([, { steps }]) => steps.some(({ run }) => run?.includes("pulumi up"))).map(([name]) => name),
    ).toEqual(["up"]);
    expect(JSON.stringify(drift)).not.toContain("MAILBOX_PASSWORD");
  });

  it("may write only where they write a comment", () => {
    for (const workflow of Object.values(workflows)) expect(workflow.permissions).toEqual({});
    for (const [name, { permissions, steps }] of jobs) {
      const comments = steps.some(({ run }) => run?.startsWith("gh pr comment"));
      expect(permissions, name).toEqual({ contents: "read", ...(comments ? { "pull-requests": "write" } : {}) });
    }
  });

  it("name every action by its commit, leave no credentials behind the checkout, and run no script of a dependency", () => {
    const steps = jobs.flatMap(([, job]) => job.steps);
    const used = steps.filter(({ uses }) => uses !== undefined);
    expect(used).toHaveLength(9);
    for (const { uses, with: given } of used) {
      expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      if (uses?.startsWith("actions/checkout@")) expect(given).toEqual({ "persist-credentials": false });
    }
    const installs = steps.filter(({ run }) => run?.startsWith("npm "));
    expect(installs.map(({ run }) => run)).toEqual(jobs.map(() => "npm ci --ignore-scripts"));
  });

  it("let one run of a branch wait for the other, and cut none off", () => {
    expect(mail.concurrency).toEqual({ group: `mail-\${{ github.ref }}`, "cancel-in-progress": false });
  });

  it("comment and look on after a preview that failed", () => {
    for (const [job, name] of [
      [mail.jobs.preview, "Comment"],
      [drift.jobs.drift, "Doctor"],
    ] as const) {
      expect(job?.steps.find((step) => step.id === "preview")?.name).toBe("Preview");
      expect(job?.steps.find((step) => step.name === name)?.if).toBe(
        `\${{ !cancelled() && steps.preview.outcome != 'skipped' }}`,
      );
    }
  });

  it("fail where a command within a pipe fails", () => {
    for (const workflow of Object.values(workflows)) expect(workflow.defaults).toEqual({ run: { shell: "bash" } });
  });
});

describe("examples/ci, the GitLab file", () => {
  const gitLab = readGitLabFile();
  const all = Object.entries(gitLab.jobs);

  it("previews with the lines of the GitHub file", () => {
    const preview = mail.jobs.preview?.steps.find(({ name }) => name === "Preview");
    expect(gitLab.jobs.preview?.script).toEqual([preview?.run]);
  });

  it("has the same jobs, with the same version of Pulumi", () => {
    expect(Object.keys(gitLab.jobs)).toEqual(["preview", "note", "up-dev", "up-staging", "up-prod", "drift"]);
    const versions = jobs.flatMap(([, { steps }]) => steps.map((step) => step.with?.["pulumi-version"]));
    for (const version of versions.filter((one) => one !== undefined)) {
      expect(gitLab.default.image).toBe(`pulumi/pulumi-nodejs-22:${String(version)}`);
    }
  });

  it("runs unreviewed code at the development stack only, and changes nothing there", () => {
    const unreviewed = all.filter(([, { rules = [] }]) => rules.some((rule) => /merge_request_event/.test(rule.if)));
    expect(unreviewed.map(([name, { environment }]) => [name, environment])).toEqual([
      ["preview", { name: "dev-read", action: "verify" }],
      ["note", { name: "notes", action: "verify" }],
    ]);
    for (const [, { rules = [], script }] of unreviewed) {
      expect(rules.map((rule) => rule.if)).toEqual([
        '$CI_PIPELINE_SOURCE == "merge_request_event" && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID',
      ]);
      expect(script?.join("\n")).not.toContain("pulumi up");
    }
  });

  it("starts the others for what is merged, and at night", () => {
    const others = all.filter(([name]) => !["preview", "note"].includes(name));
    expect(others.map(([name, { rules }]) => [name, rules])).toEqual([
      ["up-dev", [{ if: '$CI_PIPELINE_SOURCE == "push"' }]],
      ["up-staging", [{ if: '$CI_PIPELINE_SOURCE == "push"' }]],
      ["up-prod", [{ if: '$CI_PIPELINE_SOURCE == "push"', when: "manual" }]],
      ["drift", [{ if: '$CI_PIPELINE_SOURCE == "schedule"' }]],
    ]);
    for (const source of ["push", "schedule"]) {
      expect(gitLab.workflow.rules).toContainEqual({
        if: `$CI_PIPELINE_SOURCE == "${source}" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH`,
      });
    }
  });

  it("brings up one stack after the other, and one job of a stack at a time", () => {
    expect(gitLab.stages).toEqual(["preview", ...STACKS, "drift"]);
    for (const stack of STACKS) {
      expect(gitLab.jobs[`up-${stack}`]).toMatchObject({
        stage: stack,
        variables: { STACK: stack },
        environment: { name: "$STACK" },
        resource_group: "mail-$STACK",
      });
    }
    expect(gitLab.jobs.drift).toMatchObject({
      parallel: { matrix: [{ STACK: STACKS }] },
      environment: { name: `\${STACK}-read`, action: "verify" },
    });
  });
});
