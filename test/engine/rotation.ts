import { expect } from "vitest";
import type { Mailbox } from "../support/programs.js";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE, type World } from "./world.js";

/** Hard to print, so that every way to write it down differs. */
const AWKWARD = 'p"w\\ +%/&=é?#[secret]$';

/** One change of a mailbox, made by one authentication that keeps the id. */
async function keepsItsId(world: World, change: Partial<Mailbox>, from: Partial<Mailbox> = {}): Promise<void> {
  const before = await world.given({ mailboxes: { ops: world.mailbox(0, from) } });
  world.declare({ mailboxes: { ops: world.mailbox(0, change) } });
  await world.stack.up();
  expect(await world.emulator.writes()).toEqual([AUTHENTICATE]);
  expect(world.ids()).toEqual(before);
}

/** Changes of a mailbox's credentials and settings. */
export const rotation: Scenario[] = [
  {
    name: "a password is rotated",
    outcome: "the same grant goes on, with one request",
    rules: [2, 8],
    run: async (world) => {
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await world.emulator.setPassword(world.mailbox(0).username, AWKWARD);
      world.declare({ mailboxes: { ops: world.mailbox(0, { password: AWKWARD }) } });
      await world.stack.up();
      expect(await world.emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
      await world.unchanged();
    },
  },
  {
    name: "the new password is wrong",
    outcome: "it is sent once; the old grant goes on with its old credentials, and the error says so",
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
    outcome: "the other two are made and kept, the wrong one is asked once",
    rules: [5, 10],
    run: async (world) => {
      const { stack } = world;
      const right = { ops: world.mailbox(0), billing: world.mailbox(1), support: world.mailbox(2) };
      world.declare({ mailboxes: { ...right, billing: world.mailbox(1, { password: "mistyped by somebody" }) } });
      await world.fails(["invalid_credentials", world.mailbox(1).username], "up", "--continue-on-error");
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
    emulator: { behaviour: { authLimit: "3" } },
    run: async (world) => {
      const { emulator } = world;
      const others = world.mailbox(1);
      await world.given({ mailboxes: { others } });
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
        others,
        ops: world.mailbox(0, { password: "the third wrong one" }),
        again: world.mailbox(0, { password: "the fourth wrong one" }),
      };
      world.declare({ mailboxes });
      await world.fails(["auth_limit_reached", "wait until"], "up", "--continue-on-error");
      expect(await world.authentications()).toBe(1);
    },
  },
  {
    name: "the mail server moves to another host",
    outcome: "the same grant goes on, with one request",
    rules: [2],
    run: (world) => keepsItsId(world, { args: { imapHost: "localhost" } }),
  },
  {
    name: "`credentialVersion` is raised",
    outcome: "the mailbox is authenticated again with what is declared, same id",
    rules: [2],
    run: (world) => keepsItsId(world, { args: { credentialVersion: 2 } }, { args: { credentialVersion: 1 } }),
  },
  {
    name: "the letter case of an address changes",
    outcome: "the same grant goes on, with one request",
    rules: [2],
    run: (world) => keepsItsId(world, { username: world.mailbox(0).username.toUpperCase() }),
  },
  {
    name: "a mailbox becomes receive-only",
    outcome: "the same grant goes on without SMTP settings, with one request",
    rules: [2],
    run: (world) => keepsItsId(world, { args: { receiveOnly: true } }),
  },
  {
    name: "`onExisting`, `deleteAdopted`, `verify` or `preflight` is changed",
    outcome: "the state knows, and no request is sent",
    rules: [1],
    run: async (world) => {
      await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const args = { onExisting: "adopt", deleteAdopted: true, verify: false, preflight: "warn" };
      world.declare({ mailboxes: { ops: world.mailbox(0, { args }) } });
      await world.stack.up();
      expect(await world.emulator.requests()).toEqual([]);
      expect(world.resource("ops").outputs).toMatchObject(args);
    },
  },
  {
    name: "the password changes under `ignoreChanges`",
    outcome: "nothing is sent",
    rules: [1, 2],
    run: async (world) => {
      const opts = '{ ignoreChanges: ["imapPassword"] }';
      await world.given({ mailboxes: { ops: world.mailbox(0, { opts }) } });
      world.declare({ mailboxes: { ops: world.mailbox(0, { password: "managed by hand now", opts }) } });
      await world.unchanged();
    },
  },
  {
    name: "a mailbox is given another address",
    outcome: "the old grant is deleted first, then another one is made",
    rules: [2, 3],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      world.declare({ mailboxes: { ops: world.mailbox(1) } });
      await stack.up();
      expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${before.ops}`, AUTHENTICATE]);
      expect(await world.addresses()).toEqual([world.mailbox(1).username]);
    },
  },
  {
    name: "a grant is replaced by force",
    outcome: "it is deleted first, then made again: one grant, with another id, because you asked",
    rules: [2, 3],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await stack.up("--replace", world.resource("ops").urn);
      expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${before.ops}`, AUTHENTICATE]);
      expect(world.ids().ops).not.toBe(before.ops);
      await world.unchanged();
    },
  },
  {
    name: "a grant is replaced by force although its options say `deleteBeforeReplace: false`",
    outcome: "it is deleted first all the same",
    rules: [3],
    run: async (world) => {
      const { emulator, stack } = world;
      const opts = "{ deleteBeforeReplace: false }";
      const before = await world.given({ mailboxes: { ops: world.mailbox(0, { opts }) } });
      await stack.up("--replace", world.resource("ops").urn);
      expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${before.ops}`, AUTHENTICATE]);
      expect(await emulator.grants()).toHaveLength(1);
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
      await world.unchanged();
    },
  },
];
