import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pulumiEnvironment } from "../../../scripts/setup/environment.mjs";
import { present, TestEmulator } from "../../support/emulator.js";
import {
  CI_EXAMPLE,
  evaluated,
  readGitLabFile,
  readWorkflow,
  runScript,
  type ScriptRun,
  type Step,
} from "../../support/pipeline.js";
import { QUICK_COMMANDS } from "../../support/quick-engine.js";
import { makeWorkDirectory } from "../../support/work-directory.js";

const ROOT = join(import.meta.dirname, "../../..");
const PASSPHRASE = "a throw-away passphrase";
const ops = { username: "ops@dev.example.com", password: "the password of ops" };
const moved = { username: "operations@dev.example.com", password: ops.password };
const billing = { username: "billing@dev.example.com", password: "the password of billing" };
const TOKEN = "glpat-a-token-that-may-write-notes";

/** A pipeline at its host, as far as it can be played here. Each method runs the lines of its file. */
interface Pipeline {
  /** What a pull request runs, with these secrets beside the API key; the comment is written although the preview failed. */
  preview(secrets?: Record<string, string>): Promise<ScriptRun>;
  up(secrets: Record<string, string>): Promise<ScriptRun>;
  nightly(): Promise<{ code: number | null; output: string }[]>;
  /** The comments of the pull request. */
  comments(): string[];
  /** How often a comment was written or edited. */
  written(): number;
  close(): void;
}

interface Place {
  emulator: TestEmulator;
  /** The copy of the example. */
  project: string;
  own: string;
  /** Of each command. */
  env: Record<string, string>;
  /** Everything that the pipeline has printed. */
  printed: string[];
}

async function run(place: Place, script: string, env: Record<string, string>): Promise<ScriptRun> {
  const ended = await runScript(script, place.project, { ...place.env, ...env });
  place.printed.push(ended.output);
  return ended;
}

function gitHub(place: Place): Pipeline {
  const mail = readWorkflow("mail.yml");
  const drift = readWorkflow("drift.yml");
  const posted = join(place.own, "gh.log");
  const bin = join(place.own, "bin");
  mkdirSync(bin);
  // Keeps the comment where it would edit it, and its arguments.
  const file = join(bin, "gh");
  writeFileSync(
    file,
    `#!/usr/bin/env bash\necho "$*" >> "${posted}"\ncp "\${@: -1}" "${join(place.own, "comment")}"\n`,
  );
  chmodSync(file, 0o755);
  const own = { PATH: `${bin}:${place.env.PATH}`, GITHUB_REPOSITORY: "acme/mail" };
  const play = (step: Step | undefined, secrets: Record<string, string>) =>
    run(place, present(step?.run), {
      ...own,
      ...evaluated(step?.env, {
        "matrix.stack": "dev",
        "github.token": "ghs_a_token",
        "github.event.number": "7",
        ...Object.fromEntries(
          Object.entries({ NYLAS_API_KEY: place.emulator.emulator.apiKey, ...secrets }).map(([name, value]) => [
            `secrets.${name}`,
            value,
          ]),
        ),
      }),
    });
  const step = (steps: Step[] | undefined, name: string) => steps?.find((one) => one.name === name);
  return {
    preview: async (secrets = {}) => {
      const { steps } = present(mail.jobs.preview);
      const ended = await play(step(steps, "Preview"), secrets);
      const comment = await play(step(steps, "Comment"), {});
      expect(comment.code, comment.output).toBe(0);
      return ended;
    },
    up: (secrets) => play(step(mail.jobs.up?.steps, "Up"), secrets),
    nightly: async () => {
      const { steps } = present(drift.jobs.drift);
      return [await play(step(steps, "Preview"), {}), await play(step(steps, "Doctor"), {})];
    },
    comments: () => [readFileSync(join(place.own, "comment"), "utf8")],
    written: () => {
      const lines = readFileSync(posted, "utf8").trim().split("\n");
      for (const line of lines) {
        expect(line).toBe("pr comment 7 --repo acme/mail --edit-last --create-if-none --body-file comment.md");
      }
      return lines.length;
    },
    close: () => {},
  };
}

/** The part of GitLab's API that has the notes of a merge request. */
async function startNotes(): Promise<{ server: Server; notes: { id: number; body: string }[]; writes: string[] }> {
  const notes = [{ id: 11, body: "A note of somebody's" }];
  const writes: string[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    const id = /^\/api\/v4\/projects\/42\/merge_requests\/7\/notes(?:\/(\d+))?$/.exec(pathname)?.[1];
    const refused = request.headers["private-token"] !== TOKEN || !pathname.includes("/notes");
    if (!refused && request.method !== "GET") writes.push(`${request.method} ${pathname}`);
    const note = notes.find((one) => one.id === Number(id));
    if (!refused && request.method === "POST") notes.push({ id: 12, ...JSON.parse(text) });
    if (!refused && request.method === "PUT") Object.assign(present(note), JSON.parse(text));
    response.writeHead(refused ? 401 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(refused ? {} : request.method === "GET" ? notes : (note ?? notes.at(-1))));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, notes, writes };
}

async function gitLab(place: Place): Promise<Pipeline> {
  const { jobs } = readGitLabFile();
  const { server, notes, writes } = await startNotes();
  const { port } = server.address() as AddressInfo;
  const play = (name: string, variables: Record<string, string>) => {
    const job = present(jobs[name]);
    return run(place, present(job.script).join("\n"), { ...job.variables, ...variables });
  };
  const key = { NYLAS_API_KEY: place.emulator.emulator.apiKey };
  return {
    preview: async (secrets = {}) => {
      const ended = await play("preview", { ...key, ...secrets });
      const note = await play("note", {
        CI_API_V4_URL: `http://127.0.0.1:${port}/api/v4`,
        CI_PROJECT_ID: "42",
        CI_MERGE_REQUEST_IID: "7",
        GITLAB_NOTE_TOKEN: TOKEN,
      });
      expect(note.code, note.output).toBe(0);
      return ended;
    },
    up: (secrets) => play("up-dev", { ...key, ...secrets }),
    nightly: async () => [await play("drift", { ...key, STACK: "dev" })],
    comments: () => {
      expect(notes[0]).toEqual({ id: 11, body: "A note of somebody's" });
      return notes.slice(1).map(({ body }) => body.replace(/^<!-- .* -->\n/, ""));
    },
    written: () => {
      const path = "/api/v4/projects/42/merge_requests/7/notes";
      expect(writes).toEqual(writes.map((_, index) => (index === 0 ? `POST ${path}` : `PUT ${path}/12`)));
      return writes.length;
    },
    close: () => server.close(),
  };
}

/** Sets the stack's configuration in the copy, as the commit of a pull request does. */
function configure(place: Place, ...args: string[]): void {
  execFileSync("pulumi", ["config", "--stack", "dev", ...args], { cwd: place.project, env: place.env });
}

describe.each([
  ["GitHub", gitHub],
  ["GitLab", gitLab],
])("examples/ci at %s", (host, start) => {
  /** What the preview's lines do is played once: both files have the same ones, which `workflow.test.ts` checks. */
  const previewIt = it.runIf(host === "GitHub");
  let place: Place;
  let pipeline: Pipeline;
  let comments = 0;

  beforeAll(async () => {
    const emulator = await TestEmulator.start({ users: [ops, moved, billing] });
    const own = makeWorkDirectory("ci");
    const project = join(own, "project");
    cpSync(CI_EXAMPLE, project, { recursive: true });
    mkdirSync(join(own, "state"));
    // What `npm ci` makes: npx looks for commands in the project's own directory only.
    mkdirSync(join(project, "node_modules/.bin"), { recursive: true });
    symlinkSync(join(ROOT, "provider/bin/nylas-imap.js"), join(project, "node_modules/.bin/nylas-imap"));
    const env = pulumiEnvironment({
      PULUMI_BACKEND_URL: `file://${join(own, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
      NYLAS_API_URI: emulator.emulator.apiUri,
      NO_COLOR: "1",
      ...QUICK_COMMANDS,
      PULUMI_NODEJS_TRANSPILE_ONLY: "false",
    });
    place = { emulator, project, own, env, printed: [] };
    pipeline = await start(place);
    execFileSync("pulumi", ["stack", "init", "dev"], { cwd: project, env });
    const { imap, smtp } = emulator;
    const servers = { imapHost: imap.host, imapPort: imap.port, smtpHost: smtp.host, smtpPort: smtp.port };
    configure(
      place,
      "set-all",
      ...Object.entries(servers).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]),
    );
  });

  afterAll(async () => {
    pipeline?.close();
    await place?.emulator.close();
    if (place !== undefined) rmSync(place.own, { recursive: true, force: true });
  });

  /** The comment of a pull request, and whether its preview succeeded. */
  async function commented(secrets?: Record<string, string>): Promise<{ code: number | null; comment: string }> {
    const { code, output } = await pipeline.preview(secrets);
    comments += 1;
    expect(pipeline.written()).toBe(comments);
    const [comment, ...others] = pipeline.comments();
    expect(others).toEqual([]);
    // The log shows the comment as well.
    expect(output).toContain(present(comment).trim());
    return { code, comment: present(comment) };
  }

  it("says in a pull request that a mailbox which has yet to be made needs its password", async () => {
    const { code, comment } = await commented();
    expect(code).not.toBe(0);
    expect(comment).toContain("### Stack `dev`: the preview failed\n\n```text\n");
    expect(comment).toContain("environment variable MAILBOX_PASSWORD_OPS is ");
    expect(await place.emulator.writes()).toEqual([]);
  });

  it("lists what is made, and makes it after the merge", async () => {
    const secrets = { MAILBOX_PASSWORD_OPS: ops.password };
    expect(await commented(secrets)).toEqual({
      code: 0,
      comment: `### Stack \`dev\`: 3 to create

- create \`nylas:MailEnvironment\` \`mail\`
- create \`nylas:ImapConnector\` \`mail\`
- create \`nylas:ByoImapGrant\` \`mail-ops\`
`,
    });
    expect(await place.emulator.writes()).toEqual([]);
    const up = await pipeline.up(secrets);
    expect(up.code, up.output).toBe(0);
    expect(await place.emulator.writes()).toEqual(["POST /v3/connectors", "POST /v3/connect/custom"]);
    expect((await place.emulator.grants()).map(({ email }) => email)).toEqual([ops.username]);
    // The engine has checked the types of the program, as it does for users; once is enough.
    place.env.PULUMI_NODEJS_TRANSPILE_ONLY = "true";
  });

  previewIt("has nothing to say of a program that changes nothing, without any password", async () => {
    expect(await commented()).toEqual({ code: 0, comment: "### Stack `dev`\n\nNo changes.\n" });
  });

  previewIt("names a changed argument without any password", async () => {
    configure(place, "set", "smtpHost", "localhost");
    expect(await commented()).toEqual({
      code: 0,
      comment: "### Stack `dev`: 1 to update\n\n- update `nylas:ByoImapGrant` `mail-ops` (`smtpHost`)\n",
    });
    configure(place, "set", "smtpHost", place.emulator.smtp.host);
  });

  previewIt("warns of a grant that would be lost", async () => {
    configure(place, "set", "--path", "mailboxes.ops", moved.username);
    const replaced = await commented({ MAILBOX_PASSWORD_OPS: moved.password });
    expect(replaced.comment).toBe(
      "### Stack `dev`: 1 to replace\n\n- **replace `nylas:ByoImapGrant` `mail-ops` (`imapUsername`): the mailbox gets another grant id, and its history is gone**\n",
    );
    configure(place, "rm", "--path", "mailboxes.ops");
    configure(place, "set", "--path", "mailboxes.billing", billing.username);
    const deleted = await commented({ MAILBOX_PASSWORD_BILLING: billing.password });
    expect(deleted.comment).toBe(
      "### Stack `dev`: 1 to delete, 1 to create\n\n- **delete `nylas:ByoImapGrant` `mail-ops`: the grant is lost, and its history is gone**\n- create `nylas:ByoImapGrant` `mail-billing`\n",
    );
    configure(place, "rm", "--path", "mailboxes.billing");
    configure(place, "set", "--path", "mailboxes.ops", ops.username);
  });

  previewIt("says what a program that fails has printed", async () => {
    const program = join(place.project, "index.ts");
    const text = readFileSync(program, "utf8");
    writeFileSync(program, `${text}\nthrow new Error("a \`\`\` <b>mistake</b>");\n`);
    const { code, comment } = await commented();
    expect(code).not.toBe(0);
    expect(comment).toMatch(
      /^### Stack `dev`: the preview failed\n\n````text\n[\s\S]*\nError: a ``` <b>mistake<\/b>\n````\n$/,
    );
    writeFileSync(program, text);
  });

  it("finds nothing at night, with reads only", async () => {
    await place.emulator.forgetRequests();
    for (const { code, output } of await pipeline.nightly()) expect(code, output).toBe(0);
    expect(await place.emulator.writes()).toEqual([]);
  });

  it("finds a grant at night that can no longer log in, and the next `up` repairs it", async () => {
    const { id } = await place.emulator.grantOf(ops.username);
    await place.emulator.setStatus(id, "invalid");
    const found = await pipeline.nightly();
    for (const { code } of found) expect(code).not.toBe(0);
    const output = found.map((one) => one.output).join("");
    expect(output).toContain("no changes were expected");
    expect(output).toContain("[grant_invalid]");
    const up = await pipeline.up({ MAILBOX_PASSWORD_OPS: ops.password });
    expect(up.code, up.output).toBe(0);
    expect(await place.emulator.grantOf(ops.username)).toMatchObject({ id, grant_status: "valid" });
  });

  it("finds a password at night that was changed at the mail server, and the new secret keeps the grant", async () => {
    const { id } = await place.emulator.grantOf(ops.username);
    await place.emulator.setPassword(ops.username, "rotated, and long enough");
    const found = await pipeline.nightly();
    expect(found.at(-1)?.code).not.toBe(0);
    expect(found.at(-1)?.output).toContain("[mailbox_unreadable]");
    const up = await pipeline.up({ MAILBOX_PASSWORD_OPS: "rotated, and long enough" });
    expect(up.code, up.output).toBe(0);
    for (const { code, output } of await pipeline.nightly()) expect(code, output).toBe(0);
    expect((await place.emulator.grantOf(ops.username)).id).toBe(id);
  });

  it("writes no secret into a log, a comment, a file of the project or the state", () => {
    const state = readFileSync(join(place.own, "state/.pulumi/stacks/nylas-ci/dev.json"), "utf8");
    const files = ["plan.json", "comment.md", "Pulumi.dev.yaml"]
      .map((file) => join(place.project, file))
      .filter(existsSync);
    const text = [
      ...place.printed,
      ...pipeline.comments(),
      state,
      ...files.map((file) => readFileSync(file, "utf8")),
    ].join();
    const secrets = [ops.password, billing.password, "rotated, and long enough", TOKEN, place.emulator.emulator.apiKey];
    for (const secret of secrets) expect(text.includes(secret)).toBe(false);
  });
});
