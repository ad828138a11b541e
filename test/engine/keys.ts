import { expect } from "vitest";
import type { TestEmulator } from "../support/emulator.js";
import { Gate } from "./gate.js";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE, type World } from "./world.js";

/** The stack's further commands reach this application. */
function pointAt(world: World, { env }: TestEmulator): void {
  Object.assign(world.stack.env, env);
}

/** One mailbox, and then the key of another application for one command, which must change nothing. */
async function underAnotherKey(world: World, command: string): Promise<void> {
  const { emulator } = world;
  const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
  const other = await world.anotherApplication();
  pointAt(world, other);
  if (command === "up") world.declare({ mailboxes: { ops: world.mailbox(0, { args: { imapHost: "localhost" } }) } });
  await world.fails(["wrong_application", emulator.emulator.applicationId], command);
  expect(await other.writes()).toEqual([]);
  expect(await emulator.requests()).toEqual([]);
  expect(world.ids()).toEqual(before);
  pointAt(world, emulator);
  await world.stack.up();
  expect(world.ids()).toEqual(before);
}

/** Keys, regions and applications. */
export const access: Scenario[] = [
  {
    name: "a refresh runs with another application's key",
    outcome: "`wrong_application`: what it cannot find is not believed to be gone",
    rules: [7],
    run: (world) => underAnotherKey(world, "refresh"),
  },
  {
    name: "a destroy runs with another application's key",
    outcome: "`wrong_application`: nothing is deleted and nothing forgotten",
    rules: [4, 7],
    run: (world) => underAnotherKey(world, "destroy"),
  },
  {
    name: "an update runs with another application's key",
    outcome: "`wrong_application`: no grant is made there",
    rules: [2, 7],
    run: (world) => underAnotherKey(world, "up"),
  },
  {
    name: "the key is not of the application that is configured as `applicationId`",
    outcome: "`wrong_application` before anything is made",
    rules: [7],
    run: async (world) => {
      world.stack.env.NYLAS_APPLICATION_ID = "00000000-0000-4000-8000-000000000000";
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["wrong_application", world.emulator.emulator.applicationId], "up");
      expect(await world.emulator.writes()).toEqual([]);
    },
  },
  {
    name: "Nylas refuses the key",
    outcome: "`api_key_refused` names the region as a possible cause; the key is not shown and not tried again",
    rules: [8, 10],
    run: async (world) => {
      world.stack.env.NYLAS_API_KEY = world.secret("nyk_of_another_region_0123456789");
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["api_key_refused", "another region than us", "nylas:region"], "up");
      expect(await world.emulator.requests()).toMatchObject([{ path: "/v3/applications", status: 401 }]);
    },
  },
  {
    name: "the configured key was revoked after the last `up`",
    outcome: "refresh and destroy stop with `api_key_refused`, until the environment has another one",
    rules: [7, 8],
    run: async (world) => {
      const { emulator, stack } = world;
      const [old, fresh] = [world.secret("nyk_old_0123456789abcdef"), world.secret("nyk_new_0123456789abcdef")];
      const gate = world.owns(await Gate.open(emulator, old, fresh));
      stack.env.NYLAS_API_KEY = "";
      await stack.config({ "nylas:apiUri": gate.uri }, { "nylas:apiKey": old });
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      gate.revoke(old);
      await world.fails(["api_key_refused", "NYLAS_API_KEY"], "refresh");
      await world.fails(["api_key_refused", "NYLAS_API_KEY"], "destroy");
      expect(world.ids()).toEqual(before);
      expect(await emulator.requests()).toEqual([]);
      stack.env.NYLAS_API_KEY = fresh;
      await stack.refresh();
      expect(world.ids()).toEqual(before);
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
    },
  },
  {
    name: "the API key is rotated in the configuration",
    outcome: "nothing changes, and no request is sent",
    rules: [1, 8],
    run: async (world) => {
      const { emulator, stack } = world;
      const [old, fresh] = [world.secret("nyk_old_0123456789abcdef"), world.secret("nyk_new_0123456789abcdef")];
      const gate = world.owns(await Gate.open(emulator, old, fresh));
      stack.env.NYLAS_API_KEY = "";
      await stack.config({ "nylas:apiUri": gate.uri }, { "nylas:apiKey": old });
      await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await stack.config({}, { "nylas:apiKey": fresh });
      gate.revoke(old);
      await world.unchanged();
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
    },
  },
  {
    name: "the API key is configured in clear",
    outcome: "it is refused with the command that mends it, and not shown",
    rules: [8, 9],
    run: async (world) => {
      const { stack } = world;
      stack.env.NYLAS_API_KEY = "";
      // Pulumi itself keeps what is configured in clear in its history, so only what is printed can be held.
      await stack.config({ "nylas:apiKey": "nyk_in_clear_0123456789" });
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["pulumi config set --secret nylas:apiKey"], "up");
      expect(stack.printed()).not.toContain("nyk_in_clear");
      expect(await world.emulator.requests()).toEqual([]);
    },
  },
  {
    name: "a mailbox is moved to another application",
    outcome: "its grant is deleted in the first with the first's key, and another one is made in the second",
    rules: [2, 3],
    run: async (world) => {
      const { emulator, stack } = world;
      const other = await world.anotherApplication();
      for (const each of [emulator, other]) await each.call("POST", "/v3/connectors", { provider: "imap" });
      Object.assign(stack.env, { NYLAS_B_API_KEY: other.emulator.apiKey, NYLAS_B_API_URI: other.emulator.apiUri });
      const before = await world.given({ connector: "imap", mailboxes: { ops: world.mailbox(0) } });
      await other.forgetRequests();
      const args = { application: "nylas-b", imapPort: other.imap.port, smtpPort: other.smtp.port };
      world.declare({ connector: "imap", mailboxes: { ops: { ...other.user(0), args } } });
      await stack.up();
      expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${before.ops}`]);
      expect(await other.writes()).toEqual([AUTHENTICATE]);
      expect(Object.values(world.ids())).toEqual((await other.grants()).map(({ id }) => id));
    },
  },
];
