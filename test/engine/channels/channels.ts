import { copyFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { contentOf } from "./scan.js";
import type { Stage } from "./stage.js";

/** A way by which Pulumi shows or keeps something. */
export interface Channel {
  name: string;
  /** All that it shows of a run that makes, updates and deletes mailboxes. */
  shows(stage: Stage, turn: Turn): Promise<string>;
  /** The same with its secrets decrypted, for a channel that encrypts them. */
  decrypted?(stage: Stage): Promise<string>;
}

/** Runs a command as the next turn of the program; rejects when it fails. Returns what it has printed. */
export type Turn = (command: string, ...args: string[]) => Promise<string>;

/** Highest level that the CLI knows. */
const MAX_LEVEL = 11;

/** A preview and then an `up`, with the same options. */
async function planAndUp(turn: Turn, ...args: string[]): Promise<string> {
  return [await turn("preview", ...args), await turn("up", ...args)].join("\n");
}

/** Options that write into a file for each command. */
async function intoFiles(stage: Stage, turn: Turn, name: string, option: (file: string) => string[]): Promise<string> {
  const files = ["preview", "up", "refresh"].map((command) => ({
    command,
    file: join(stage.written, `${name}.${command}`),
  }));
  for (const { command, file } of files) await turn(command, ...option(file));
  return contentOf(stage.written);
}

/** Runs with further variables in the environment. */
async function withEnv<T>({ stack }: Stage, variables: Record<string, string>, work: () => Promise<T>): Promise<T> {
  Object.assign(stack.env, variables);
  try {
    return await work();
  } finally {
    for (const name of Object.keys(variables)) delete stack.env[name];
  }
}

async function succeed({ stack }: Stage, ...args: string[]): Promise<string> {
  const { code, stdout } = await stack.run(...args);
  if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${code}`);
  return stdout;
}

function exportedInClear(stage: Stage): Promise<string> {
  return succeed(stage, "stack", "export", "--show-secrets");
}

async function historyInClear(stage: Stage): Promise<string> {
  const { directory } = stage.stack;
  // The stack's file, which says how its secrets are decrypted, is looked for beside the program.
  copyFileSync(join(directory, "../config/Pulumi.first.yaml"), join(directory, "Pulumi.first.yaml"));
  const history = await succeed(stage, "stack", "history", "--output=json", "--show-secrets");
  if (history.includes("ERROR_UNABLE_TO_DECRYPT")) throw new Error("the history was not decrypted");
  return history;
}

/** The automatic logs of the latest `preview` and `up`. */
function latestLogs({ home }: Stage): string[] {
  const files = readdirSync(join(home, "logs")).map((name) => join(home, "logs", name));
  const changed = (file: string) => statSync(file).mtimeMs;
  return files.toSorted((left, right) => changed(right) - changed(left)).slice(0, 2);
}

const levels: Channel[] = Array.from({ length: MAX_LEVEL }, (_, index) => index + 1).map((level) => ({
  name: `\`-v=${level}\``,
  shows: (_, turn) => planAndUp(turn, `-v=${level}`, "--logtostderr"),
}));

/** In the order in which they run and stand in the table. */
export const CHANNELS: readonly Channel[] = [
  {
    name: "`preview`, `up` and `refresh`, with `--diff`",
    shows: async (_, turn) => [await planAndUp(turn, "--diff"), await turn("refresh", "--diff")].join("\n"),
  },
  {
    name: "`--json`",
    shows: async (_, turn) => [await planAndUp(turn, "--json"), await turn("refresh", "--json")].join("\n"),
  },
  {
    name: "`preview --json`, streamed (`PULUMI_ENABLE_STREAMING_JSON_PREVIEW`)",
    shows: (stage, turn) =>
      withEnv(stage, { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" }, () => turn("preview", "--json")),
  },
  {
    name: "`--debug`",
    shows: async (_, turn) => [await planAndUp(turn, "--debug"), await turn("refresh", "--debug")].join("\n"),
  },
  {
    name: "`--event-log`",
    shows: (stage, turn) => intoFiles(stage, turn, "events", (file) => ["--event-log", file]),
  },
  {
    name: "`--profiling`",
    shows: (stage, turn) => intoFiles(stage, turn, "profile", (file) => ["--profiling", file]),
  },
  {
    name: "a policy pack",
    shows: async (stage, turn) => {
      await planAndUp(turn, "--policy-pack", stage.policyPack);
      return contentOf(join(stage.written, "policy"));
    },
  },
  {
    name: "`preview --save-plan`",
    shows: async (stage, turn) => {
      const plan = join(stage.written, "plan.json");
      await turn("preview", "--save-plan", plan);
      return contentOf(plan);
    },
    decrypted: async (stage) => {
      const plan = join(stage.written, "plan-in-clear.json");
      await succeed(stage, "preview", "--save-plan", plan, "--show-secrets");
      return contentOf(plan);
    },
  },
  { name: "`NYLAS_DEBUG=1`", shows: (stage, turn) => withEnv(stage, { NYLAS_DEBUG: "1" }, () => planAndUp(turn)) },
  {
    name: "`NODE_DEBUG=http,https,net`",
    shows: (stage, turn) => withEnv(stage, { NODE_DEBUG: "http,https,net" }, () => planAndUp(turn)),
  },
  ...levels,
  {
    name: "`-v=8` into log files",
    shows: async (stage, turn) => {
      await planAndUp(turn, "-v=8");
      return contentOf(join(stage.stack.directory, "../tmp"));
    },
  },
  {
    name: "`--otel-traces`",
    shows: (stage, turn) => intoFiles(stage, turn, "otel", (file) => ["--otel-traces", `file://${file}`]),
  },
  {
    name: "`--tracing`",
    shows: (stage, turn) => intoFiles(stage, turn, "tracing", (file) => ["--tracing", `file:${file}`]),
  },
  {
    name: "`--tracing` with `PULUMI_TRACING_NO_PAYLOADS`",
    shows: (stage, turn) =>
      withEnv(stage, { PULUMI_TRACING_NO_PAYLOADS: "true" }, () =>
        intoFiles(stage, turn, "tracing", (file) => ["--tracing", `file:${file}`]),
      ),
  },
  {
    name: "automatic logs (`$PULUMI_HOME/logs`)",
    shows: async ({ home }, turn) => {
      await planAndUp(turn);
      return contentOf(join(home, "logs"));
    },
    decrypted: async (stage) => {
      const decrypting = latestLogs(stage).map((file) => succeed(stage, "logs", "decrypt", file));
      return (await Promise.all(decrypting)).join("\n");
    },
  },
  {
    name: "`stack export`, and all files of the backend",
    shows: async ({ stack }) => [await stack.state(), contentOf(stack.backend)].join("\n"),
    decrypted: async (stage) => [await exportedInClear(stage), await historyInClear(stage)].join("\n"),
  },
  { name: "`stack export --show-secrets`", shows: exportedInClear },
  { name: "`stack history --show-secrets`", shows: historyInClear },
  {
    name: "`destroy`, with `--json` and `--debug`",
    shows: (_, turn) => turn("destroy", "--json", "--debug"),
  },
];
