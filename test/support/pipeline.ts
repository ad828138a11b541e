import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { present } from "../../tools/harness/test-emulator.js";

/** The example whose pipelines these are. */
export const CI_EXAMPLE = join(import.meta.dirname, "../../examples/ci");

export interface Step {
  name?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}

interface Workflow {
  jobs: Record<string, { steps: Step[] }>;
}

interface GitLabJob {
  extends?: string;
  variables?: Record<string, string>;
  script?: string[];
  artifacts?: { paths: string[] };
}

/** A file of the example's `.github/workflows`. */
export function readWorkflow(name: string): Workflow {
  return parse(readFileSync(join(CI_EXAMPLE, ".github/workflows", name), "utf8"));
}

/** The jobs of the example's GitLab file, each with what it extends. */
export function readGitLabFile(): { jobs: Record<string, GitLabJob> } {
  const all: Record<string, GitLabJob> = parse(readFileSync(join(CI_EXAMPLE, ".gitlab-ci.yml"), "utf8"));
  const complete = (job: GitLabJob): GitLabJob =>
    job.extends === undefined ? job : { ...complete(present(all[job.extends])), ...job };
  return { jobs: Object.fromEntries(Object.entries(all).map(([name, job]) => [name, complete(job)])) };
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
