import { expect } from "vitest";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE } from "./world.js";

/** Changes at Nylas since the last run. */
export const drift: Scenario[] = [
  {
    name: "Nylas calls a grant `invalid`",
    outcome: "a refresh shows it, and the next `up` authenticates it again with the same id",
    rules: [2, 6],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      await emulator.setStatus(before.ops ?? "", "invalid");
      const preview = await stack.run("preview", "--refresh");
      expect(preview.output).toMatch(/ops\s+update/);
      const refresh = await stack.refresh();
      expect(refresh.output).toContain("1 updated");
      expect(world.resource("ops").outputs).toMatchObject({ grantStatus: "invalid" });
      await stack.up();
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
      expect(await emulator.grantOf(world.mailbox(0).username)).toMatchObject({ grant_status: "valid" });
      expect(world.resource("ops").outputs).toMatchObject({ grantStatus: "valid" });
    },
  },
  {
    name: "`up --refresh` finds grants `invalid`, one of them because its mail server has another password now",
    outcome:
      "they are authenticated again in the same run, with the same ids; the error names the one that fails, and the next `up` with the right password repairs it",
    rules: [2, 6, 10],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      await emulator.setPassword(world.mailbox(1).username, world.secret("changed at the mail server"));
      for (const id of Object.values(before)) await emulator.setStatus(id, "invalid");
      const says = ["invalid_credentials", world.mailbox(1).username];
      await world.fails(says, "up", "--refresh", "--continue-on-error");
      expect(await emulator.writes()).toEqual([AUTHENTICATE, AUTHENTICATE]);
      expect(await emulator.grantOf(world.mailbox(0).username)).toMatchObject({ grant_status: "valid" });
      expect(world.ids()).toEqual(before);
      const billing = world.mailbox(1, { password: "changed at the mail server" });
      world.declare({ mailboxes: { ops: world.mailbox(0), billing } });
      await stack.up();
      expect(await world.authentications()).toBe(3);
      expect(world.ids()).toEqual(before);
      expect(await emulator.grants()).toMatchObject([{ grant_status: "valid" }, { grant_status: "valid" }]);
    },
  },
  {
    name: "a grant was deleted outside",
    outcome: "a refresh drops it with a message, and the next `up` makes another one",
    rules: [5, 7],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await world.deletedLongAgo(before.ops);
      const refresh = await stack.refresh();
      expect(refresh.output).toContain("was deleted outside of Pulumi");
      // The provider requests the key's application before it trusts the 404.
      const asked = (await emulator.requests()).filter(({ method }) => method === "GET").map(({ path }) => path);
      expect(asked[0]).toBe("/v3/applications");
      expect(asked).toContain(`/v3/grants/${before.ops}`);
      await stack.up();
      expect(await emulator.grants()).toHaveLength(1);
      expect(world.ids().ops).not.toBe(before.ops);
    },
  },
  {
    name: "a grant was deleted outside, and the password is changed without a refresh",
    outcome: "the error says that it is gone and how to go on; `up --refresh` makes another one",
    rules: [5, 7],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await world.deletedLongAgo(before.ops);
      await emulator.setPassword(world.mailbox(0).username, "a new pass word");
      await emulator.forgetRequests();
      world.declare({ mailboxes: { ops: world.mailbox(0, { password: "a new pass word" }) } });
      await world.fails(["does not exist any more", "pulumi up --refresh"], "up");
      expect(await emulator.writes()).toEqual([]);
      expect(await emulator.grants()).toEqual([]);
      await stack.up("--refresh");
      expect(Object.values(world.ids())).toEqual((await emulator.grants()).map(({ id }) => id));
    },
  },
  {
    name: "a grant was deleted outside, and the stack is destroyed",
    outcome: "destroy succeeds and deletes the rest",
    rules: [5, 7],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      await world.deletedLongAgo(before.ops);
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
      expect(await emulator.connectors()).toEqual([]);
    },
  },
  {
    name: "grants were deleted outside, and Nylas answers 401 for them and not 404",
    outcome: "a refresh drops the one, and destroy deletes the rest: the complete list tells that they are gone",
    rules: [5, 7],
    emulator: { behavior: { missingGrant: "401" } },
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({
        mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1), support: world.mailbox(2) },
      });
      await world.deletedLongAgo(before.ops);
      const refresh = await stack.refresh();
      expect(refresh.output).toContain("was deleted outside of Pulumi");
      expect(world.ids()).toEqual({ billing: before.billing, support: before.support });
      await world.deletedLongAgo(before.billing);
      // The first answer is lost, and the second attempt meets a grant that is gone.
      await emulator.faults({ method: "DELETE", path: "/v3/grants/*", nth: 1, afterEffect: true, reset: true });
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
      expect(await emulator.connectors()).toEqual([]);
    },
  },
  {
    name: "a state is refreshed, and Nylas shows more of a grant than before, or other settings",
    outcome: "that is no drift, no password in it reaches the state, and a plan shows secrets as such",
    rules: [1, 8],
    emulator: { behavior: { settingsEcho: "full", scope: "null" } },
    run: async (world) => {
      const { emulator, stack } = world;
      const args = { smtpPassword: "of the SMTP server" };
      const before = await world.given({ mailboxes: { ops: world.mailbox(0, { args }) } });
      const { username, password } = world.mailbox(0);
      const settings = {
        imap_username: username,
        imap_password: password,
        imap_host: "elsewhere.example",
        imap_port: 993,
      };
      await emulator.call("PATCH", `/v3/grants/${before.ops}`, { scope: ["new"], settings });
      const refresh = await stack.refresh("--expect-no-changes");
      expect(refresh.output).toContain("unchanged");
      const { inputs, outputs } = world.resource("ops");
      for (const values of [inputs, outputs]) {
        for (const name of ["imapPassword", "smtpPassword"]) {
          expect(values).not.toHaveProperty(name);
          expect(values[`${name}Digest`]).toHaveProperty("ciphertext");
        }
      }
      await world.unchanged();
      world.declare({ mailboxes: { ops: world.mailbox(0, { password: "not yet at the server", args }) } });
      const plan = await stack.run("preview", "--diff");
      expect(plan.code, plan.output).toBe(0);
      // A plugin names the argument, of which neither inputs nor outputs have a value.
      const says = { dynamic: ["[secret]", "imapPassword differs"], native: ["imapPassword differs"] };
      for (const text of says[world.host]) expect(plan.output).toContain(text);
      expect((await stack.run("preview", "--json")).code).toBe(0);
      expect(await emulator.requests()).toEqual([]);
    },
  },
];
