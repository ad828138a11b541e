import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { present } from "./emulator.js";

/** The example whose pipelines these are. */
export const CI_EXAMPLE = join(import.meta.dirname, "../../examples/ci");

export interface Step {
  name?: string;
  id?: string;
  if?: string;
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}

export interface GitHubJob {
  if?: string;
  environment?: string;
  env?: Record<string, string>;
  permissions?: Record<string, string>;
  strategy?: { "max-parallel"?: number; "fail-fast"?: boolean; matrix: { stack: string[] } };
  steps: Step[];
}

export interface Workflow {
  on: Record<string, unknown>;
  env?: Record<string, string>;
  permissions: Record<string, string>;
  concurrency?: { group: string; "cancel-in-progress": boolean };
  defaults?: { run: { shell: string } };
  jobs: Record<string, GitHubJob>;
}

export interface GitLabJob {
  extends?: string;
  stage?: string;
  rules?: { if: string; when?: string }[];
  needs?: string[];
  environment?: { name: string; action?: string };
  resource_group?: string;
  variables?: Record<string, string>;
  parallel?: { matrix: { STACK: string[] }[] };
  before_script?: string[];
  script?: string[];
}

export interface GitLabFile {
  stages: string[];
  workflow: { rules: { if: string }[] };
  default: { image: string };
  jobs: Record<string, GitLabJob>;
}

/** A file of the example's `.github/workflows`. */
export function readWorkflow(name: string): Workflow {
  return parse(readFileSync(join(CI_EXAMPLE, ".github/workflows", name), "utf8"));
}

/** The example's GitLab file; each job with what it extends. */
export function readGitLabFile(): GitLabFile {
  const {
    stages,
    workflow,
    default: defaults,
    ...jobs
  } = parse(readFileSync(join(CI_EXAMPLE, ".gitlab-ci.yml"), "utf8"));
  const complete = (job: GitLabJob): GitLabJob =>
    job.extends === undefined ? job : { ...complete(present<GitLabJob>(jobs[job.extends])), ...job };
  const runnable = Object.entries<GitLabJob>(jobs).filter(([name]) => !name.startsWith("."));
  return {
    stages,
    workflow,
    default: defaults,
    jobs: Object.fromEntries(runnable.map(([name, job]) => [name, complete(job)])),
  };
}

/** The environment of a step, with the values that GitHub puts in place of expressions. An unset secret is empty. */
export function evaluated(env: Record<string, string> = {}, values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, text]) => [
      name,
      text.replace(/\$\{\{ ([\w.]+) \}\}/g, (_, expression: string) => {
        const value = values[expression];
        if (value === undefined && !expression.startsWith("secrets.")) throw new Error(`no value for ${expression}`);
        return value ?? "";
      }),
    ]),
  );
}

export interface ScriptRun {
  code: number | null;
  output: string;
}

/** Runs lines of a pipeline as both runners do: with bash, ending at the first command that fails, also within a pipe. */
export function runScript(script: string, cwd: string, env: Record<string, string>): Promise<ScriptRun> {
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], { cwd, env });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}
