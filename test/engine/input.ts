import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { useRandomPlugin } from "../support/random-plugin.js";
import { createStack } from "../support/stack.js";
import { BY_THE_PROGRAM, OF_TYPESCRIPT, type Scenario } from "./scenario.js";
import { AUTHENTICATE, type World } from "./world.js";

/** A program whose mailbox uses a generated password. The program writes the password to a file for the operator. */
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
    `result.apply((password) => require("node:fs").writeFileSync(${JSON.stringify(passwordFile(world))}, password));`,
    `grants.ops = new ByoImapGrant("ops", { connector, imapPassword: result, ...${JSON.stringify(args)} });`,
    "exports.password = result;",
  ].join("\n");
}

function passwordFile(world: World): string {
  return join(world.stack.directory, "password");
}

/** Sets the generated password at the mail server. */
async function setAtMailServer(world: World): Promise<void> {
  const password = world.secret(readFileSync(passwordFile(world), "utf8"));
  await world.emulator.setPassword(world.mailbox(0).username, password);
}

/** Input errors, which `check` reports before any request. */
export const input: Scenario[] = [
  {
    name: "several arguments are wrong",
    outcome: "all of them are named before any request, secret ones without their values",
    rules: [8, 9],
    run: async (world) => {
      const args = {
        imapHost: "imaps://imap.example.com:993",
        imapPort: 99_999,
        smtpPort: "465",
        smtpPasswordFrom: world.secret("not a source, but the password"),
        application: world.secret("nyk_v0_in_the_place_of_a_namespace"),
        colour: "blue",
      };
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
        '"colour" is not an argument',
        'smtpPasswordFrom must be { env: "NAME" }',
        "application must be a configuration namespace",
      ];
      const { output } = await world.fails(says, "up");
      expect(output).not.toContain("line\\nbreak");
      expect(await world.emulator.requests()).toEqual([]);
    },
  },
  {
    name: "an argument is mistyped or missing",
    outcome:
      "the right name is suggested, and what is missing is named with what it is for, before any request and without a value",
    rules: [8, 9],
    run: async (world) => {
      const args = {
        imapHost: undefined,
        imapUsername: null,
        imapPasword: world.secret("under a mistyped name"),
        smtpHost: undefined,
        smtpPort: undefined,
      };
      world.declare({ connector: "imap", mailboxes: { ops: world.mailbox(0, { args }) } });
      const says = [
        '"imapPasword" is not an argument; did you mean "imapPassword"?',
        "imapHost is required",
        "imapUsername is required",
        "smtpHost is required",
        "receiveOnly: true",
      ];
      const { output } = await world.fails(says, "up");
      expect(output).not.toMatch(/nil|value \{/);
      expect(await world.emulator.requests()).toEqual([]);
    },
  },
  {
    name: "a password has characters outside ASCII, with which Nylas cannot authenticate a mailbox",
    outcome: "the plan names the argument and the cause, without the value and before any request",
    rules: [8, 9],
    run: async (world) => {
      const args = { smtpPassword: world.secret("ein gutes Paßwort") };
      const ops = world.mailbox(0, { password: world.secret("sésame, ouvre-toi"), args });
      world.declare({ connector: "imap", mailboxes: { ops } });
      const says = ["imapPassword has characters outside ASCII", "smtpPassword has characters outside ASCII"];
      await world.fails(says, "preview");
      expect(await world.emulator.requests()).toEqual([]);
    },
  },
  {
    name: "a mailbox of a `MailEnvironment` has no password",
    outcome: "the program ends with its name before anything is made, and without a stack trace",
    rules: [8, 9],
    only: OF_TYPESCRIPT,
    run: async (world) => {
      const { username, password } = world.mailbox(0);
      const mailboxes = [
        `ops: { imapUsername: ${JSON.stringify(username)}, imapPassword: ${JSON.stringify(password)} }`,
        'sales: { imapUsername: "sales@example.com" }',
      ];
      world.stack.writeProgram(`
        const { MailEnvironment } = require("pulumi-nylas-imap");
        const defaults = { imapHost: "127.0.0.1", receiveOnly: true };
        new MailEnvironment("mail", { defaults, mailboxes: { ${mailboxes.join(", ")} } });`);
      await world.fails(['Declaring MailEnvironment "mail": mailboxes.sales.imapPassword is undefined'], "up");
      expect(await world.emulator.requests()).toEqual([]);
    },
  },
  {
    name: "mailboxes are at a provider that wants app passwords",
    outcome: "the plan says so once, and sends nothing",
    rules: [9],
    run: async (world) => {
      const elsewhere = { args: { imapHost: "imap.fastmail.com", smtpHost: "smtp.fastmail.com" } };
      world.declare({ mailboxes: { ops: world.mailbox(0, elsewhere), sales: world.mailbox(1, elsewhere) } });
      const { code, output } = await world.stack.run("preview");
      expect(code, output).toBe(0);
      expect(output.match(/^ {4}nylas: imap\.fastmail\.com: .*app password$/gm)).toHaveLength(1);
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
    name: "an output is put into a text, which has no value of it there",
    outcome: "the argument is named, and what to use instead, before any request and without the text",
    rules: [8, 9],
    run: async (world) => {
      const { emulator } = world;
      const more = [
        'const name = pulumi.output("ops");',
        'const args = { imapUsername: name + "@example.test", imapPassword: name + "-1", receiveOnly: true };',
        `new ByoImapGrant("ops", { connector, imapHost: "${emulator.imap.host}", ...args });`,
      ].join("\n");
      world.declare({ more });
      const { output } = await world.fails(
        ["imapUsername has an output inside", "imapPassword has an output inside", "pulumi.interpolate"],
        "preview",
      );
      expect(output).not.toContain("Calling [toString]");
      expect(await emulator.requests()).toEqual([]);
    },
  },
  {
    name: "a look-up finds nothing, and the program does not catch its error",
    outcome: "the program ends with the error's message, without stack and fields",
    rules: [9],
    only: BY_THE_PROGRAM,
    run: async (world) => {
      const program =
        'exports.id = require("pulumi-nylas-imap").getGrantOutput({ email: "nobody@example.test" }).grantId;';
      // In a process of its own, as users run it: that is what prints an error that nobody catches.
      const stack = await createStack({ env: world.emulator.env, program });
      try {
        const { output } = await world.failsIn(stack, ["nobody@example.test", "(not_found)", "listGrants"], "preview");
        expect(output).not.toMatch(/\n\s+at |operation: |unhandled exception/);
      } finally {
        stack.remove();
      }
    },
  },
  {
    name: "a setting is misspelt in the configuration",
    outcome: "resources and look-ups name the right one, before any request and without a value",
    rules: [8, 9],
    only: BY_THE_PROGRAM,
    run: async (world) => {
      const { stack } = world;
      await stack.config(
        { "nylas:regoin": "eu", "nylas:clientId": "mine" },
        { "nylas:apikey": world.secret("nyk_misplaced") },
      );
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      const says = [
        "nylas:regoin (did you mean nylas:region?)",
        "nylas:apikey (did you mean nylas:apiKey?)",
        "nor nylas:clientId",
        "pulumi config rm nylas:",
        "values of your own belong to another namespace",
      ];
      await world.fails(says, "preview");
      stack.writeProgram('exports.application = require("pulumi-nylas-imap").getApplicationOutput().applicationId;');
      await world.fails(says, "preview");
      expect(await world.emulator.requests()).toEqual([]);
    },
  },
  {
    name: "a variable of the environment is near the name of a setting that has no value",
    outcome:
      "each is named once with the right name, and the run goes on; other variables with the same prefix are other programs'",
    rules: [8, 9],
    run: async (world) => {
      const { stack } = world;
      const others = {
        NYLAS_CLIENT_ID: "mine",
        NYLAS_GRANT_ID: "mine",
        NYLAS_API_URL: "https://mine.example",
        NYLAS_KEY_1: "",
      };
      Object.assign(stack.env, { NYLAS_REGOIN: "us", nylas_timeout_second: "60", ...others });
      world.declare({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      const { output } = await stack.up();
      expect(output.match(/^ {4}nylas: nylas_.*$/gim)?.toSorted(), output).toEqual([
        "    nylas: NYLAS_REGOIN is not read; did you mean NYLAS_REGION?",
        "    nylas: nylas_timeout_second is not read; did you mean NYLAS_TIMEOUT_SECONDS?",
      ]);
      stack.env.NYLAS_APIKEY = world.secret("nyk_under_a_misspelt_name");
      stack.env.NYLAS_API_KEY = "";
      world.declare({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1), sales: world.mailbox(2) } });
      await world.fails(["NYLAS_APIKEY is not read; did you mean NYLAS_API_KEY?"], "preview");
    },
  },
  {
    name: "a password is generated in the same run, and another one later",
    outcome:
      "the plans pass with the value unknown; the mailbox waits for its mail server, then is made once, and keeps its id",
    rules: [2, 8, 9],
    run: async (world) => {
      const { emulator, stack } = world;
      useRandomPlugin(stack);
      world.declare({ more: generated(world, 1) });
      const first = await stack.run("preview");
      expect(first.code, first.output).toBe(0);
      expect(await emulator.requests()).toEqual([]);
      // The mail server gets the password after the first run, so only the second run can log in.
      await world.fails(["invalid_credentials"], "up");
      await setAtMailServer(world);
      await stack.up();
      expect(await world.authentications()).toBe(2);
      const before = world.ids();
      expect(Object.keys(before)).toEqual(["ops"]);

      await emulator.forgetRequests();
      world.declare({ more: generated(world, 2) });
      const second = await stack.run("preview");
      expect(second.code, second.output).toBe(0);
      expect(second.output).toMatch(/ops\s+update/);
      await world.fails(["invalid_credentials", "was not changed"], "up");
      expect(world.ids()).toEqual(before);
      await setAtMailServer(world);
      await stack.up();
      expect(world.ids()).toEqual(before);
      expect(await emulator.writes()).toEqual([AUTHENTICATE, AUTHENTICATE]);
    },
  },
];
