import { expect } from "vitest";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE, type World } from "./world.js";

/** A program whose mailbox has a password that another resource makes. */
function generated(world: World, keeper: number): string {
  const { emulator } = world;
  const args = {
    imapUsername: world.mailbox(0).username,
    imapHost: emulator.imap.host,
    imapPort: emulator.imap.port,
    smtpHost: emulator.smtp.host,
    smtpPort: emulator.smtp.port,
  };
  return [
    'const random = require("@pulumi/random");',
    `const { result } = new random.RandomPassword("password", { length: 24, keepers: { rotation: "${keeper}" } });`,
    `grants.ops = new ByoImapGrant("ops", { connector, imapPassword: result, ...${JSON.stringify(args)} });`,
    "exports.password = result;",
  ].join("\n");
}

/** The generated password, as the operator sets it at the mail server; the stack keeps it. */
async function setAtMailServer(world: World): Promise<void> {
  const exported = await world.stack.run("stack", "export", "--show-secrets");
  const { deployment } = JSON.parse(exported.stdout);
  const resources: { type: string; outputs?: { result?: { plaintext?: string } } }[] = deployment.resources;
  const made = resources.find(({ type }) => type === "random:index/randomPassword:RandomPassword");
  const password: unknown = JSON.parse(made?.outputs?.result?.plaintext ?? "null");
  if (typeof password !== "string") throw new Error("the stack holds no generated password");
  await world.emulator.setPassword(world.mailbox(0).username, password);
}

/** What `check` finds before any request. */
export const input: Scenario[] = [
  {
    name: "several arguments are wrong",
    outcome: "all of them are named before any request, secret ones without their values",
    rules: [8, 9],
    run: async (world) => {
      const args = { imapHost: "imaps://imap.example.com:993", imapPort: 99_999, smtpPort: "465" };
      world.declare({
        connector: "imap",
        mailboxes: { ops: world.mailbox(0, { username: "ops team", password: "with a line\nbreak", args }) },
      });
      const says = [
        "imapUsername must be an e-mail address",
        "imapHost must be a host name without a scheme",
        "imapPort must be from 1 to 65535",
        "imapPassword must not contain a line break",
        "smtpPort must be a number",
      ];
      await world.fails(says, "up");
      await world.fails(says, "preview");
      expect(await world.emulator.requests()).toEqual([]);
    },
  },
  {
    name: "an argument is mistyped",
    outcome: "the right name is suggested, before any request, and the value is not shown",
    rules: [8, 9],
    run: async (world) => {
      const args = { imapPasword: world.secret("under a mistyped name") };
      world.declare({ connector: "imap", mailboxes: { ops: world.mailbox(0, { args }) } });
      await world.fails(['"imapPasword" is not an argument; did you mean "imapPassword"?'], "up");
      expect(await world.emulator.requests()).toEqual([]);
    },
  },
  {
    name: "no SMTP settings are given",
    outcome: "the plan says what is missing and why it matters, before any request",
    rules: [9],
    run: async (world) => {
      const args = { smtpHost: undefined, smtpPort: undefined };
      world.declare({ connector: "imap", mailboxes: { ops: world.mailbox(0, { args }) } });
      await world.fails(["smtpHost is required", "receiveOnly: true"], "up");
      expect(await world.emulator.requests()).toEqual([]);
    },
  },
  {
    name: "there is no API key",
    outcome: "the plan says both ways to give one, before any request",
    rules: [9],
    run: async (world) => {
      world.stack.env.NYLAS_API_KEY = "";
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["pulumi config set --secret nylas:apiKey", "NYLAS_API_KEY"], "preview");
      expect(await world.emulator.requests()).toEqual([]);
    },
  },
  {
    name: "a password is made in the same run",
    outcome: "the plan passes with the value unknown; the mailbox waits for its mail server, and then is made once",
    rules: [8, 9],
    run: async (world) => {
      const { emulator, stack } = world;
      world.declare({ more: generated(world, 1) });
      const preview = await stack.run("preview");
      expect(preview.code, preview.output).toBe(0);
      expect(await emulator.requests()).toEqual([]);
      // The mail server learns the password after it was made: only the second run can log in.
      await world.fails(["invalid_credentials"], "up");
      await setAtMailServer(world);
      await stack.up();
      expect(await world.authentications()).toBe(2);
      await world.unchanged();
    },
  },
  {
    name: "a generated password is rotated",
    outcome: "the plan shows an update, not a replacement, and the grant keeps its id",
    rules: [2, 9],
    run: async (world) => {
      const { emulator, stack } = world;
      world.declare({ more: generated(world, 1) });
      await world.fails(["invalid_credentials"], "up");
      await setAtMailServer(world);
      await stack.up();
      const before = world.ids();
      await emulator.forgetRequests();
      world.declare({ more: generated(world, 2) });
      const preview = await stack.run("preview");
      expect(preview.code, preview.output).toBe(0);
      expect(preview.output).toMatch(/ops\s+update/);
      await world.fails(["invalid_credentials", "was not changed"], "up");
      expect(world.ids()).toEqual(before);
      await setAtMailServer(world);
      await stack.up();
      expect(world.ids()).toEqual(before);
      expect(await emulator.writes()).toEqual([AUTHENTICATE, AUTHENTICATE]);
    },
  },
];
