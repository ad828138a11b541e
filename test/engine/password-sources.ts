import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { descendants } from "../../tools/harness/processes.mjs";
import type { Mailbox } from "../support/programs.js";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE, type World } from "./world.js";

const VARIABLE = "OPS_MAILBOX_PASSWORD";
const ROTATED = 'another "pass" % word';

/** Salt and hash of a password, as they stand in a decrypted state. */
const DIGEST = /"[\w-]{11}:[\w-]{22}\\?"/;
/** Keeps a run at its verification until it is killed. */
const PROBE_DELAY_MS = 2_500;

/** Passwords that the provider reads where it runs, instead of the program. */
export const passwordSources: Scenario[] = [
  {
    name: "a mailbox's password comes from an environment variable (`imapPasswordFrom`), and is changed there",
    outcome:
      "the plan shows an update, and the same grant goes on; neither state nor debug logs have the password, not even encrypted",
    rules: [1, 2, 8],
    run: async (world) => {
      const { emulator, stack } = world;
      stack.env[VARIABLE] = world.mailbox(0).password;
      const before = await world.given({ mailboxes: { ops: fromVariable(world) } });
      await world.unchanged();
      await emulator.setPassword(world.mailbox(0).username, world.secret(ROTATED));
      stack.env[VARIABLE] = ROTATED;
      const plan = await stack.run("preview", "--diff");
      expect(plan.output).toContain("1 to update");
      expect(plan.output).toContain("the password that imapPasswordFrom names differs");
      // A plugin names the argument instead.
      if (world.host === "dynamic") expect(plan.output).toMatch(/imapPasswordDigest\s*: "?\[secret\]/);
      expect(await emulator.requests()).toEqual([]);
      // The engine's debug log has the values of every resource; `check` searches it as well.
      const { output } = await stack.up("--logtostderr", "-v=9");
      expect(output).toContain(VARIABLE);
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
      await world.unchanged();
      await expectNowhere(world, [world.mailbox(0).password, ROTATED]);
    },
  },
  {
    name: "a mailbox's password has a source, and a plan or an `up` runs where it is absent",
    outcome: "a grant that exists is unchanged; one that must be made, or authenticated, is refused before any request",
    rules: [2, 8],
    run: async (world) => {
      const { emulator, stack } = world;
      stack.env[VARIABLE] = world.mailbox(0).password;
      const before = await world.given({ mailboxes: { ops: fromVariable(world) } });
      // What CI systems pass for a secret that a pull request may not have.
      stack.env[VARIABLE] = "";
      await plans(world, "--expect-no-changes");
      await world.unchanged();

      world.declare({ mailboxes: { ops: fromVariable(world, { imapHost: "localhost" }) } });
      await plans(world);
      const says = ["invalid_input", `environment variable ${VARIABLE} is empty`, "nothing was sent"];
      await world.fails([...says, "because imapHost has changed"], "up");
      expect(await emulator.requests()).toEqual([]);

      world.declare({ mailboxes: { ops: fromVariable(world) } });
      const { urn } = world.resource("ops");
      await world.fails(
        [`environment variable ${VARIABLE} is empty, and the grant has yet to be made`],
        "up",
        "--replace",
        urn,
      );
      expect(await emulator.writes()).toEqual([]);
      await emulator.forgetRequests();

      delete stack.env[VARIABLE];
      const more = { ...fromVariable(world), username: world.mailbox(1).username };
      world.declare({ mailboxes: { ops: fromVariable(world), more } });
      await world.fails([`imapPasswordFrom is absent: environment variable ${VARIABLE} is not set`], "preview");
      world.declare({ mailboxes: { ops: more } });
      await world.fails(["imapPasswordFrom is absent"], "up");
      expect(await emulator.requests()).toEqual([]);
      world.declare({ mailboxes: { ops: fromVariable(world) } });
      await world.unchanged();
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "a stack is renamed, and its next `up` runs where a password's source is absent",
    outcome: "it is refused before any request, because the grant is to get the stack's new name",
    rules: [4, 8],
    run: async (world) => {
      const { emulator, stack } = world;
      stack.env[VARIABLE] = world.mailbox(0).password;
      const before = await world.given({ mailboxes: { ops: fromVariable(world) } });
      await world.renameStack(stack, "renamed");
      delete stack.env[VARIABLE];
      await world.fails(
        ["invalid_input", `${VARIABLE} is not set`, "because the stack or its project has another name"],
        "up",
      );
      expect(await emulator.requests()).toEqual([]);
      stack.env[VARIABLE] = world.mailbox(0).password;
      await stack.up();
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "another stack has adopted a grant, and the first one's `up` runs where the password's source is absent",
    outcome: "`grant_exists` says who has it, and asks for no password",
    rules: [4, 8],
    run: async (world) => {
      const { emulator, stack } = world;
      stack.env[VARIABLE] = world.mailbox(0).password;
      const before = await world.given({ mailboxes: { ops: fromVariable(world) } });
      const other = await world.anotherStack();
      const adopted = world.mailbox(0, { args: { onExisting: "adopt" } });
      await world.given({ connector: "imap", mailboxes: { ops: adopted } }, other);
      await stack.refresh();
      delete stack.env[VARIABLE];
      await emulator.forgetRequests();
      await world.fails(["grant_exists", "another resource or stack has taken the grant since"], "up");
      expect(await emulator.writes()).toEqual([]);

      world.declare({ mailboxes: { ops: fromVariable(world, { onExisting: "adopt" }) } });
      await world.fails([`${VARIABLE} is not set`, "because this resource takes the grant back"], "up");
      expect(await emulator.writes()).toEqual([]);
      expect(world.ids()).toEqual(before);
      await other.destroy();
    },
  },
  {
    name: "a password moves from `imapPassword` to `imapPasswordFrom`, and back",
    outcome: "no request is sent and the id stays; neither way is the password in the state",
    rules: [1, 2, 8],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const { password } = world.mailbox(0);
      world.declare({ mailboxes: { ops: fromVariable(world) } });
      await plans(world);
      stack.env[VARIABLE] = password;
      await stack.up();
      expect(await emulator.requests()).toEqual([]);
      expect(await decrypted(world)).not.toContain(JSON.stringify(password).slice(1, -1));

      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await stack.up();
      expect(await emulator.requests()).toEqual([]);
      expect(world.resource("ops").outputs).not.toHaveProperty("imapPasswordFrom");
      expect(await decrypted(world)).not.toContain(JSON.stringify(password).slice(1, -1));

      stack.env[VARIABLE] = ROTATED;
      await emulator.setPassword(world.mailbox(0).username, world.secret(ROTATED));
      world.declare({ mailboxes: { ops: fromVariable(world) } });
      await stack.up();
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "passwords stand in files (`imapPasswordFrom`, `smtpPasswordFrom`), and the run that rotates one is killed",
    outcome: "one line break at the end is not part of a password; the next `up` rotates it, same id",
    rules: [1, 2, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      const { username, password } = world.mailbox(0);
      writeFileSync(join(stack.directory, "imap.txt"), `${password}\n`);
      writeFileSync(join(stack.directory, "smtp.txt"), `${password}\r\n`);
      const args = {
        imapPassword: undefined,
        imapPasswordFrom: { file: "imap.txt" },
        smtpPasswordFrom: { file: join(stack.directory, "smtp.txt") },
      };
      const before = await world.given({ mailboxes: { ops: { username, password: "", args } } });
      await world.unchanged();

      await emulator.setPassword(username, world.secret(ROTATED));
      writeFileSync(join(stack.directory, "imap.txt"), ROTATED);
      await emulator.forgetRequests();
      await emulator.faults({ method: "GET", path: "*/messages", nth: 1, delayMs: PROBE_DELAY_MS });
      let dumped = "";
      await world.killWhen("the new password is accepted", async () => {
        const accepted = (await world.authentications()) === 1;
        if (accepted) dumped = environmentsOfChildren();
        return accepted;
      });
      if (process.platform === "linux") expect(dumped).toContain("NYLAS_API_KEY=");
      await stack.up();
      expect(world.ids()).toEqual(before);
      await world.unchanged();
      await expectNowhere(world, [password, ROTATED], dumped);
    },
  },
  {
    name: "a password's source is wrong: no such kind, both forms at once, or a file that holds no password",
    outcome: "a property error names it before any request, without its content",
    rules: [8],
    run: async (world) => {
      const { emulator, stack } = world;
      writeFileSync(join(stack.directory, "two-lines.txt"), `${world.secret("first line of two")}\nsecond`);
      const umlaut = world.secret("Grüße an alle");
      const files: Record<string, Buffer> = {
        "bom.txt": Buffer.from("\ufeffplain ascii"),
        "utf-16le.txt": Buffer.from("\ufeffplain ascii", "utf16le"),
        "utf-16be.txt": Buffer.from("\ufeffplain ascii", "utf16le").swap16(),
        "latin-1.txt": Buffer.from(umlaut, "latin1"),
        "utf-8.txt": Buffer.from(umlaut),
      };
      for (const [file, content] of Object.entries(files)) writeFileSync(join(stack.directory, file), content);
      await promisify(execFile)("mkfifo", [join(stack.directory, "pipe")]);
      const socket = createServer().listen(join(stack.directory, "socket"));
      world.owns({ close: async () => void socket.close() });
      const refused: [Record<string, unknown>, string][] = [
        [{ imapPasswordFrom: { vault: "x" } }, 'imapPasswordFrom must be { env: "NAME" } or { file: "path" }'],
        [
          { imapPassword: "given", imapPasswordFrom: { env: VARIABLE } },
          "imapPassword and imapPasswordFrom are both set",
        ],
        [{}, "imapPassword or imapPasswordFrom is required"],
        [
          { imapPasswordFrom: { file: "two-lines.txt" } },
          "the password in file two-lines.txt must not contain a line break",
        ],
        [{ imapPasswordFrom: { file: "." } }, "file . is a directory and no regular file; it was not read"],
        [{ imapPasswordFrom: { file: "pipe" } }, "file pipe is a pipe and no regular file; it was not read"],
        [{ imapPasswordFrom: { file: "socket" } }, "file socket is a socket and no regular file; it was not read"],
        [
          { imapPasswordFrom: { file: "/dev/zero" } },
          "file /dev/zero is a device and no regular file; it was not read",
        ],
        [{ imapPasswordFrom: { file: "bom.txt" } }, "file bom.txt starts with a byte order mark (BOM)"],
        [{ imapPasswordFrom: { file: "utf-16le.txt" } }, "file utf-16le.txt is in UTF-16"],
        [{ imapPasswordFrom: { file: "utf-16be.txt" } }, "file utf-16be.txt is in UTF-16"],
        [{ imapPasswordFrom: { file: "latin-1.txt" } }, "file latin-1.txt is in another encoding than UTF-8"],
        [{ imapPasswordFrom: { file: "utf-8.txt" } }, "the password in file utf-8.txt has characters outside ASCII"],
        [
          { imapPassword: "given", smtpPasswordFrom: { file: "bom.txt" } },
          "smtpPasswordFrom is unusable: file bom.txt starts with a byte order mark",
        ],
      ];
      for (const [args, says] of refused) {
        const ops = { ...world.mailbox(0), args: { imapPassword: undefined, ...args } };
        world.declare({ connector: "imap", mailboxes: { ops } });
        await world.fails([says], "preview");
      }
      expect(await emulator.requests()).toEqual([]);
    },
  },
];

/** A preview that must succeed. */
async function plans({ stack }: World, ...args: string[]): Promise<void> {
  const { code, output } = await stack.run("preview", ...args);
  expect(code, output).toBe(0);
}

function fromVariable(world: World, args: Record<string, unknown> = {}): Mailbox {
  const { username } = world.mailbox(0);
  return { username, password: "", args: { imapPassword: undefined, imapPasswordFrom: { env: VARIABLE }, ...args } };
}

/** The state with its secrets decrypted; not by the stack's `run`, whose output must show no secret. */
async function decrypted({ stack }: World): Promise<string> {
  const args = ["stack", "export", "--show-secrets", "--stack", "first"];
  const { stdout } = await promisify(execFile)("pulumi", args, { cwd: stack.directory, env: stack.env });
  return stdout;
}

/** Command lines and environments of the engine and its processes, which all processes of the same user can read. */
function environmentsOfChildren(): string {
  const files = descendants(process.pid).flatMap(({ pid }) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
  return files.map(readIfThere).join("\n");
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // The process has ended since it was listed.
    return "";
  }
}

/** Neither in the state, decrypted, nor in anything that the engine keeps, nor in a dump. */
async function expectNowhere(world: World, passwords: readonly string[], dumped = ""): Promise<void> {
  const kept = readdirSync(world.stack.backend, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
  expect(
    kept.filter((content) => DIGEST.test(content)),
    "a digest in clear",
  ).toEqual([]);
  const text = [await decrypted(world), ...kept, dumped].join("\n");
  expect(text).toMatch(DIGEST);
  for (const password of passwords) {
    const forms = [password, JSON.stringify(password).slice(1, -1), Buffer.from(password).toString("base64")];
    expect(forms.filter((form) => text.includes(form))).toEqual([]);
  }
}
