import { expect } from "vitest";
import { useRandomPlugin } from "../support/random-plugin.js";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE } from "./world.js";

/** Each encoding of this password (URL, JSON, base64) differs from the plain text. */
const AWKWARD = 'p"w\\ +%/&=?#[secret]$';

const USERS = ["ann", "ben", "cleo", "dora", "emil"].map((name) => ({
  username: `${name}@example.test`,
  password: `the password of ${name}`,
}));

const MANY = Array.from({ length: 12 }, (_, index) => ({
  username: `box${index}@example.test`,
  password: `word ${index}`,
}));

/** A resource that takes a grant's id, and would be replaced if it were unknown in a plan. */
const DOWNSTREAM = [
  'const random = require("@pulumi/random");',
  "const { id, grantId } = grants.ann;",
  'new random.RandomPassword("downstream", { length: 8, keepers: { id, grantId } });',
].join("\n");

/** Changes of a mailbox's credentials and settings. */
export const rotation: Scenario[] = [
  {
    name: "a password, the letter case of an address or the mail server's host changes, `credentialVersion` is raised, or a mailbox becomes receive-only",
    outcome: "the same grant goes on, with one request",
    rules: [1, 2, 8],
    emulator: { users: USERS },
    run: async (world) => {
      const { emulator, stack } = world;
      const ben = world.mailbox(1);
      const before = await world.given({
        mailboxes: {
          ann: world.mailbox(0),
          ben,
          cleo: world.mailbox(2),
          dora: world.mailbox(3, { args: { credentialVersion: 1 } }),
          emil: world.mailbox(4),
        },
      });
      await emulator.setPassword(world.mailbox(0).username, AWKWARD);
      world.declare({
        mailboxes: {
          ann: world.mailbox(0, { password: AWKWARD }),
          ben: { ...ben, username: ben.username.toUpperCase() },
          cleo: world.mailbox(2, { args: { imapHost: "localhost" } }),
          dora: world.mailbox(3, { args: { credentialVersion: 2 } }),
          emil: world.mailbox(4, { args: { receiveOnly: true } }),
        },
      });
      await stack.up();
      expect(await emulator.writes()).toEqual(USERS.map(() => AUTHENTICATE));
      expect(world.ids()).toEqual(before);
      await world.unchanged();
    },
  },
  {
    name: "a plan is made of rotated passwords, of IMAP, of SMTP or by reference",
    outcome: "it names each mailbox and argument once and no value, sends nothing, and nothing else is to be updated",
    rules: [2, 8],
    emulator: { users: USERS },
    run: async (world) => {
      const { emulator, stack } = world;
      const smtp = (password: string) => ({
        args: { smtpUsername: world.mailbox(4).username, smtpPassword: password },
      });
      const byReference = world.mailbox(2, { args: { imapPassword: undefined, imapPasswordFrom: { env: "CLEO" } } });
      stack.env.CLEO = byReference.password;
      useRandomPlugin(stack);
      await world.given({
        more: DOWNSTREAM,
        mailboxes: {
          ann: world.mailbox(0),
          ben: world.mailbox(1, smtp("the earlier SMTP password")),
          cleo: byReference,
          dora: world.mailbox(3),
        },
      });
      stack.env.CLEO = world.secret(`${AWKWARD} of cleo`);
      world.declare({
        more: DOWNSTREAM,
        mailboxes: {
          ann: world.mailbox(0, { password: AWKWARD }),
          ben: world.mailbox(1, { password: AWKWARD, ...smtp("the later SMTP password") }),
          cleo: byReference,
          dora: world.mailbox(3),
        },
      });
      const { code, output } = await stack.run("preview");
      expect(code, output).toBe(0);
      expect(linesOf(output)).toEqual([
        "ann@example.test: imapPassword differs",
        "ben@example.test: imapPassword and smtpPassword differ",
        "cleo@example.test: the password that imapPasswordFrom names differs",
      ]);
      expect(output).toMatch(/~ 3 to update\n\s+4 unchanged/);
      expect(await emulator.requests()).toEqual([]);
    },
  },
  {
    name: "a plan is made of more rotated passwords than can be read",
    outcome: "it names ten mailboxes and counts the others",
    rules: [2, 8],
    emulator: { users: MANY },
    run: async (world) => {
      const { emulator, stack } = world;
      const mailboxes = (change = {}) =>
        Object.fromEntries(MANY.map((_, index) => [`box${index}`, world.mailbox(index, change)]));
      await world.given({ mailboxes: mailboxes() });
      world.declare({ mailboxes: mailboxes({ password: AWKWARD }) });
      const { output } = await stack.run("preview");
      const lines = linesOf(output);
      expect(lines).toHaveLength(11);
      expect(new Set(lines)).toContain("and the same of 2 more resources");
      expect(await emulator.requests()).toEqual([]);
    },
  },
  {
    name: "the new password is wrong",
    outcome: "it is sent once; Nylas keeps the credentials of the last authentication, and the error says so",
    rules: [2, 8, 10],
    run: async (world) => {
      const { emulator } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      world.declare({ mailboxes: { ops: world.mailbox(0, { password: `${AWKWARD} mistyped` }) } });
      await world.fails(["invalid_credentials", `grant ${before.ops} was not changed`], "up");
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
      expect(await emulator.grants()).toMatchObject([{ grant_status: "valid" }]);
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.unchanged();
    },
  },
  {
    name: "one of three new mailboxes has a wrong password",
    outcome: "the other two are created and kept; the wrong password is sent once",
    rules: [5, 10],
    run: async (world) => {
      const { stack } = world;
      const right = { ops: world.mailbox(0), billing: world.mailbox(1), support: world.mailbox(2) };
      world.declare({ mailboxes: { ...right, billing: world.mailbox(1, { password: "mistyped by somebody" }) } });
      const { output } = await world.fails(
        ["invalid_credentials", `Authenticating mailbox ${world.mailbox(1).username}`],
        "up",
        "--continue-on-error",
      );
      expect(output).toMatch(/request id: [0-9a-f-]{36}/);
      expect(output).toMatch(/next: .*app password/);
      expect(await world.authentications()).toBe(3);
      const before = world.ids();
      expect(Object.keys(before).toSorted()).toEqual(["ops", "support"]);
      world.declare({ mailboxes: right });
      await stack.up();
      expect(world.ids()).toMatchObject(before);
      expect(Object.keys(world.ids())).toHaveLength(3);
    },
  },
  {
    name: "Nylas locks a mailbox after too many wrong passwords",
    outcome: "`auth_limit_reached` ends all attempts at that mailbox in this run",
    rules: [8, 10],
    emulator: { behavior: { authLimit: "3" } },
    run: async (world) => {
      const { emulator } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      const { username } = world.mailbox(0);
      const settings = {
        imap_username: username,
        imap_password: "wrong",
        imap_host: emulator.imap.host,
        imap_port: emulator.imap.port,
      };
      for (let count = 0; count < 2; count += 1) {
        const refused = emulator.call("POST", "/v3/connect/custom", { provider: "imap", settings });
        await expect(refused).rejects.toThrow("invalid_authentication");
      }
      await emulator.forgetRequests();
      const mailboxes = {
        others: world.mailbox(1),
        ops: world.mailbox(0, { password: "the third wrong one" }),
        again: world.mailbox(0, { password: "the fourth wrong one" }),
      };
      world.declare({ connector: "imap", mailboxes });
      await world.fails(["auth_limit_reached", "wait until"], "up", "--continue-on-error");
      expect(Object.keys(world.ids())).toEqual(["others"]);
      // One for the other mailboxes, and one for the locked mailbox.
      expect(await world.authentications()).toBe(2);
    },
  },
  {
    name: "`onExisting`, `deleteAdopted`, `verify` or `preflight` is changed, or a password under `ignoreChanges`",
    outcome: "the state knows the options, and no request is sent",
    rules: [1, 2],
    run: async (world) => {
      const opts = '{ ignoreChanges: ["imapPassword", "smtpPassword"] }';
      const smtp = { smtpPassword: world.mailbox(1).password };
      await world.given({
        mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1, { opts, args: smtp }) },
      });
      const args = { onExisting: "adopt", deleteAdopted: true, verify: false, preflight: "warn" };
      const billing = world.mailbox(1, { password: "managed by hand now", opts, args: smtp });
      world.declare({ mailboxes: { ops: world.mailbox(0, { args }), billing } });
      await world.stack.up();
      expect(await world.emulator.requests()).toEqual([]);
      expect(world.resource("ops").outputs).toMatchObject(args);
    },
  },
  {
    name: "a mailbox is given another address, or is replaced by force, although its options say `deleteBeforeReplace: false`",
    outcome: "the old grant is deleted first, then another one is made",
    rules: [2, 3],
    only: { host: "dynamic", because: "the classes of the TypeScript package overrule the option" },
    run: async (world) => {
      const { emulator, stack } = world;
      const opts = "{ deleteBeforeReplace: false }";
      const billing = world.mailbox(1, { opts });
      const before = await world.given({ mailboxes: { ops: world.mailbox(0, { opts }), billing } });
      world.declare({ mailboxes: { ops: world.mailbox(2, { opts }), billing } });
      // Without parallelism, the order of the requests shows the order of the steps.
      const up = await stack.up("--parallel", "1", "--replace", world.resource("billing").urn);
      expect(up.output).toMatch(/ops\s+(created replacement|replaced)/);
      const writes = await emulator.writes();
      expect(writes.map((write) => write.split(" ")[0])).toEqual(["DELETE", "POST", "DELETE", "POST"]);
      expect(writes.filter((write) => write !== AUTHENTICATE).toSorted()).toEqual(
        Object.values(before)
          .map((id) => `DELETE /v3/grants/${id}`)
          .toSorted(),
      );
      expect(await world.addresses()).toEqual([billing.username, world.mailbox(2).username].toSorted());
    },
  },
  {
    name: "a mailbox's address is not known yet in a plan",
    outcome: "the plan says that another mailbox replaces the grant; the same one sends nothing",
    rules: [1, 2],
    run: async (world) => {
      const { emulator, stack } = world;
      const { username, password } = world.mailbox(0);
      const { imap, smtp } = emulator;
      const servers = { imapHost: imap.host, imapPort: imap.port, smtpHost: smtp.host, smtpPort: smtp.port };
      const declare = (revision: number) =>
        world.declare({
          before: `class Directory extends pulumi.dynamic.Resource {
  constructor(name, given) {
    const outs = (inputs) => ({ ...inputs, address: inputs.mailbox });
    const provider = {
      create: async (inputs) => ({ id: "directory", outs: outs(inputs) }),
      update: async (_id, _olds, news) => ({ outs: outs(news) }),
    };
    super(provider, name, { address: undefined, ...given });
  }
}`,
          more: `const { address } = new Directory("directory", ${JSON.stringify({ mailbox: username, revision })});
const given = ${JSON.stringify({ imapPassword: world.secret(password), ...servers })};
grants.ops = new ByoImapGrant("ops", { connector, imapUsername: address, ...given });`,
        });
      declare(1);
      await stack.up();
      const before = world.ids();
      await emulator.forgetRequests();
      declare(2);
      const { output } = await stack.run("preview");
      expect(output).toContain(`${username}: imapUsername is not known yet; another mailbox replaces the grant`);
      await stack.up();
      expect(await emulator.writes()).toEqual([]);
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "a grant is replaced by force",
    outcome: "it is deleted first, then made again: one grant, with another id, because you asked",
    rules: [2, 3],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0, { opts: world.replaceable }) } });
      await stack.up("--replace", world.resource("ops").urn);
      expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${before.ops}`, AUTHENTICATE]);
      expect(await emulator.grants()).toHaveLength(1);
      expect(world.ids().ops).not.toBe(before.ops);
    },
  },
  {
    name: "two mailboxes exchange their addresses",
    outcome: "at the latest the second `up` has them as declared, each managed once",
    rules: [3, 5],
    run: async (world) => {
      const { stack } = world;
      await world.given({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      world.declare({ mailboxes: { ops: world.mailbox(1), billing: world.mailbox(0) } });
      const up = await stack.run("up");
      if (up.code !== 0) {
        expect(up.output).toContain("grant_exists");
        await stack.up();
      }
      expect(world.resource("ops").outputs).toMatchObject({ email: world.mailbox(1).username });
      expect(world.resource("billing").outputs).toMatchObject({ email: world.mailbox(0).username });
    },
  },
];

/** What our notices say in the diagnostics of a plan. */
function linesOf(output: string): string[] {
  const [, diagnostics = ""] = output.split("Diagnostics:");
  return [...diagnostics.matchAll(/^ +nylas: (.*)$/gm)].map(([, line = ""]) => line).toSorted();
}
