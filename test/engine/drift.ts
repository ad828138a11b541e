import { expect } from "vitest";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE } from "./world.js";

/** What changed at Nylas since the last run. */
export const drift: Scenario[] = [
  {
    name: "Nylas calls a grant `invalid`",
    outcome: "a refresh shows it, and the next `up` authenticates it again with the same id",
    rules: [2, 6],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      await emulator.setStatus(before.ops ?? "", "invalid");
      const refresh = await stack.refresh();
      expect(refresh.output).toContain("1 updated");
      expect(world.resource("ops").outputs).toMatchObject({ grantStatus: "invalid" });
      await stack.up();
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
      expect(await emulator.grantOf(world.mailbox(0).username)).toMatchObject({ grant_status: "valid" });
      await world.unchanged();
    },
  },
  {
    name: "`up --refresh` finds a grant `invalid`",
    outcome: "it is authenticated again in the same run, with the same id",
    rules: [2, 6],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await emulator.setStatus(before.ops ?? "", "invalid");
      await stack.up("--refresh");
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
      expect(await emulator.grants()).toMatchObject([{ grant_status: "valid" }]);
    },
  },
  {
    name: "a grant is `invalid` because the mail server has another password now",
    outcome: "the next `up` says so and keeps the grant; with the right password it is healed, same id",
    rules: [6, 10],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await emulator.setPassword(world.mailbox(0).username, world.secret("changed at the mail server"));
      await emulator.setStatus(before.ops ?? "", "invalid");
      await world.fails(["invalid_credentials"], "up", "--refresh");
      expect(await world.authentications()).toBe(1);
      expect(world.ids()).toEqual(before);
      world.declare({ mailboxes: { ops: world.mailbox(0, { password: "changed at the mail server" }) } });
      await stack.up();
      expect(world.ids()).toEqual(before);
      expect(await emulator.grants()).toMatchObject([{ grant_status: "valid" }]);
    },
  },
  {
    name: "a grant was deleted outside",
    outcome: "a refresh drops it with a message, and the next `up` makes another one",
    rules: [5, 7],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await emulator.call("DELETE", `/v3/grants/${before.ops}`);
      const refresh = await stack.refresh();
      expect(refresh.output).toContain("was deleted outside of Pulumi");
      // The key's application is asked for before the 404 is believed.
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
      await emulator.call("DELETE", `/v3/grants/${before.ops}`);
      await emulator.setPassword(world.mailbox(0).username, "a new pass word");
      await emulator.forgetRequests();
      world.declare({ mailboxes: { ops: world.mailbox(0, { password: "a new pass word" }) } });
      await world.fails(["does not exist any more", "pulumi up --refresh"], "up");
      expect(await emulator.writes()).toEqual([]);
      expect(await emulator.grants()).toEqual([]);
      await stack.up("--refresh");
      expect(await emulator.grants()).toHaveLength(1);
      await world.unchanged();
    },
  },
  {
    name: "a grant was deleted outside, and the stack is destroyed",
    outcome: "what is gone is gone; the rest is deleted",
    rules: [5, 7],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      await emulator.call("DELETE", `/v3/grants/${before.ops}`);
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
      expect(await emulator.connectors()).toEqual([]);
    },
  },
  {
    name: "Nylas shows more of a grant than before, or other settings",
    outcome: "that is no drift, and no password in it reaches the state",
    rules: [1, 8],
    emulator: { behaviour: { settingsEcho: "full", scope: "null" } },
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
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
      await world.unchanged();
    },
  },
  {
    name: "a state is refreshed",
    outcome: "its secrets stay secret, and a plan shows them as such",
    rules: [1, 8],
    run: async (world) => {
      const { emulator, stack } = world;
      await world.given({ mailboxes: { ops: world.mailbox(0, { args: { smtpPassword: "of the SMTP server" } }) } });
      await stack.refresh();
      const { inputs, outputs } = world.resource("ops");
      for (const values of [inputs, outputs]) {
        for (const name of ["imapPassword", "smtpPassword"]) expect(values[name]).toHaveProperty("ciphertext");
      }
      world.declare({ mailboxes: { ops: world.mailbox(0, { password: "not yet at the server" }) } });
      for (const args of [["--diff"], ["--json"]]) expect((await stack.run("preview", ...args)).code).toBe(0);
      expect(await emulator.writes()).toEqual([]);
    },
  },
];
