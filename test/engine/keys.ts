import { expect } from "vitest";
import type { TestEmulator } from "../../tools/harness/test-emulator.js";
import type { Mailbox } from "../support/programs.js";
import { configureFirstOfTwoKeys, KeyProxy } from "./key-proxy.js";
import type { Scenario } from "./scenario.js";
import { AUTHENTICATE, type World } from "./world.js";

/** Makes later commands of the stack use this application. */
function pointAt(world: World, { env }: TestEmulator): void {
  Object.assign(world.stack.env, env);
}

/** Creates a mailbox, then runs commands with another application's key, which must change nothing. */
async function underAnotherKey(world: World, ...commands: string[]): Promise<Record<string, string>> {
  const { emulator } = world;
  const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
  const other = await world.anotherApplication();
  pointAt(world, other);
  world.declare({ mailboxes: { ops: world.mailbox(0, { args: { imapHost: "localhost" } }) } });
  for (const command of commands) {
    await world.fails(["wrong_application", emulator.emulator.applicationId], command);
    expect(world.ids()).toEqual(before);
  }
  expect(await other.writes()).toEqual([]);
  expect(await emulator.requests()).toEqual([]);
  pointAt(world, emulator);
  return before;
}

/** A mailbox in another application, which its connector determines. */
function neighbour(other: TestEmulator, args: Record<string, unknown>): string {
  const { username, password } = other.user(1);
  const all = {
    imapUsername: username,
    imapPassword: password,
    imapHost: other.imap.host,
    imapPort: other.imap.port,
    smtpHost: other.smtp.host,
    smtpPort: other.smtp.port,
    ...args,
  };
  return [
    'const elsewhere = new ImapConnector("elsewhere", { application: "nylas-b" });',
    `grants.neighbour = new ByoImapGrant("neighbour", { connector: elsewhere, ...${JSON.stringify(all)} });`,
  ].join("\n");
}

/** A stack whose key stands in its configuration, and other keys: one that Nylas refuses, and one of another application. */
async function savedKeys(world: World) {
  const { emulator, stack } = world;
  const [right, unknown, foreign] = ["right", "unknown", "foreign"].map((name) =>
    world.secret(`nyk_${name}_0123456789abcdef`),
  ) as [string, string, string];
  const other = await world.anotherApplication();
  const proxy = world.owns(await KeyProxy.open(emulator, right));
  proxy.add(foreign, other);
  stack.env.NYLAS_API_KEY = "";
  await stack.config({ "nylas:apiUri": proxy.uri }, { "nylas:apiKey": right });
  const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
  return { right, unknown, foreign, other, before };
}

/** Keys, regions and applications. */
export const access: Scenario[] = [
  {
    name: "a refresh or an update runs with another application's key",
    outcome: "`wrong_application`: nothing counts as deleted, and no grant is created there",
    rules: [2, 7],
    run: async (world) => {
      const before = await underAnotherKey(world, "refresh", "up");
      await world.stack.up();
      expect(await world.emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "a destroy runs with another application's key",
    outcome: "`wrong_application`: nothing is deleted, neither at Nylas nor from the state",
    rules: [4, 7],
    run: async (world) => {
      await underAnotherKey(world, "destroy");
    },
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
    name: "the application is in another region than the settings say",
    outcome: "the run goes on, and one notice says how to set the region; none once it is set",
    rules: [7],
    emulator: { region: "eu" },
    run: async (world) => {
      const { stack } = world;
      world.declare({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      const notice =
        /^ {4}nylas: nylas:region is us, but application \S+ is in eu: if the key is the right one, set nylas:region \(`pulumi config set nylas:region eu`\) or NYLAS_REGION to eu/gm;
      expect((await stack.up()).output.match(notice)).toHaveLength(1);
      await stack.config({ "nylas:region": "eu" });
      world.declare({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1), sales: world.mailbox(2) } });
      expect((await stack.up()).output).not.toContain("nylas:region");
    },
  },
  {
    name: "Nylas refuses the key",
    outcome:
      "`api_key_refused` names the region as a possible cause, and links to its explanation once; the key is not shown and not tried again",
    rules: [8, 10],
    run: async (world) => {
      world.stack.env.NYLAS_API_KEY = world.secret("nyk_of_another_region_0123456789");
      world.declare({ connector: "imap", mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      const says = ["api_key_refused", "another region than us", "nylas:region", "troubleshooting.md#api_key_refused"];
      const { output } = await world.fails(says, "up", "--continue-on-error");
      expect(output.match(/^ {4}error: .*\(api_key_refused\)$/gm), output).toHaveLength(2);
      expect(output.match(/troubleshooting\.md#/g), output).toHaveLength(1);
      expect(await world.emulator.requests()).toMatchObject([{ path: "/v3/applications", status: 401 }]);
    },
  },
  {
    name: "the configured key was revoked after the last `up`",
    outcome: "refresh and destroy stop with `api_key_refused`, until the environment has another one",
    rules: [7, 8],
    run: async (world) => {
      const { emulator, stack } = world;
      const { proxy, old, fresh } = await configureFirstOfTwoKeys(world);
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      proxy.revoke(old);
      await world.fails(["api_key_refused", "NYLAS_API_KEY"], "refresh");
      await world.fails(["api_key_refused", "NYLAS_API_KEY"], "destroy");
      expect(world.ids()).toEqual(before);
      expect(await emulator.requests()).toEqual([]);
      stack.env.NYLAS_API_KEY = fresh;
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
    },
  },
  {
    name: "the API key is rotated in the configuration",
    outcome: "nothing changes, and no request is sent",
    rules: [1, 8],
    run: async (world) => {
      const { stack } = world;
      const { proxy, old, fresh } = await configureFirstOfTwoKeys(world);
      await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await stack.config({}, { "nylas:apiKey": fresh });
      proxy.revoke(old);
      await world.unchanged();
    },
  },
  {
    name: "an `up` that changes nothing saves a wrong key in the stack, or one of another application",
    outcome:
      "the right key in the configuration is not what refresh, destroy and `up --refresh` use; each says so, and what it names works: `--run-program`, or a plain `up` first",
    rules: [7, 8],
    only: { host: "dynamic", because: "a plugin has the present settings at every command" },
    run: async (world) => {
      const { stack } = world;
      const keys = await savedKeys(world);
      for (const [wrong, code] of [
        [keys.unknown, "api_key_refused"],
        [keys.foreign, "wrong_application"],
      ] as const) {
        const runs = async (...command: [string, ...string[]]) => {
          const finished = await stack.run(...command);
          expect(finished.code, finished.output).toBe(0);
          expect(world.ids()).toEqual(keys.before);
        };
        for (const [command, ...args] of [["refresh"], ["destroy"], ["up", "--refresh"]] as const) {
          await stack.config({}, { "nylas:apiKey": wrong });
          await stack.up("--expect-no-changes");
          await stack.config({}, { "nylas:apiKey": keys.right });
          await world.fails([code, "saved at the last `up`", "`--run-program`"], command, ...args);
          expect(world.ids()).toEqual(keys.before);
        }
        await runs("refresh", "--run-program");
        await runs("up", "--refresh", "--run-program");
        await runs("refresh");
        await stack.config({}, { "nylas:apiKey": wrong });
        await stack.up("--expect-no-changes");
        await stack.config({}, { "nylas:apiKey": keys.right });
        await runs("up");
        await runs("refresh");
      }
      await stack.config({}, { "nylas:apiKey": keys.foreign });
      await stack.up("--expect-no-changes");
      await stack.config({}, { "nylas:apiKey": keys.right });
      await stack.destroy("--run-program");
      expect(await world.emulator.grants()).toEqual([]);
      expect(await keys.other.writes()).toEqual([]);
    },
  },
  {
    name: "a provider that the program declares is given another key, and the one before is revoked",
    outcome:
      "refresh and destroy use the one before, and say so; what they name works: `--run-program`, or a plain `up` first",
    rules: [7, 8],
    only: { host: "native", because: "a program of dynamic resources declares no provider" },
    run: async (world) => {
      const { emulator, stack } = world;
      const [old, fresh] = [world.secret("nyk_old_0123456789abcdef"), world.secret("nyk_new_0123456789abcdef")];
      const proxy = world.owns(await KeyProxy.open(emulator, old, fresh));
      stack.env.NYLAS_API_KEY = "";
      const declare = (apiKey: string) =>
        world.declare({
          before: `const one = new Provider("one", ${JSON.stringify({ apiKey, apiUri: proxy.uri })});`,
          connectorOpts: "{ provider: one }",
          mailboxes: { ops: world.mailbox(0, { opts: "{ provider: one }" }) },
        });
      declare(old);
      await stack.up();
      const before = world.ids();
      declare(fresh);
      proxy.revoke(old);
      const says = ["(api_key_refused)", "those that the provider had at the last `up`", "`--run-program`"];
      for (const command of ["refresh", "destroy"]) await world.fails(says, command);
      await stack.refresh("--run-program");
      expect(world.ids()).toEqual(before);
      await stack.up();
      await stack.refresh();
      expect(world.ids()).toEqual(before);
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
    },
  },
  {
    name: "the saved key is of another application, and `NYLAS_API_KEY` is of the stack's",
    outcome:
      "refresh, `up --refresh` and destroy use the latter for what the state has; the other application sees no write",
    rules: [4, 7, 8],
    run: async (world) => {
      const { emulator, stack } = world;
      const keys = await savedKeys(world);
      await stack.config({}, { "nylas:apiKey": keys.foreign });
      await stack.up("--expect-no-changes");
      stack.env.NYLAS_API_KEY = keys.right;
      const { output } = await stack.run("refresh");
      expect(output).toContain("NYLAS_API_KEY");
      expect(world.ids()).toEqual(keys.before);
      const { id } = await emulator.grantOf(world.mailbox(0).username);
      await emulator.setStatus(id, "invalid");
      await stack.up("--refresh");
      expect(await emulator.grantOf(world.mailbox(0).username)).toMatchObject({ id, grant_status: "valid" });
      world.declare({ mailboxes: { ops: world.mailbox(0), sales: world.mailbox(1) } });
      await stack.up();
      expect(await world.addresses()).toEqual([world.mailbox(0).username, world.mailbox(1).username].toSorted());
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
      expect(await keys.other.writes()).toEqual([]);
    },
  },
  {
    name: "a mailbox is added while the key is of another application",
    outcome:
      "`wrong_application`, if something of the program was planned before: the other application gets neither the mailbox nor its password",
    rules: [7, 8],
    run: async (world) => {
      const { emulator, stack } = world;
      const other = await world.anotherApplication();
      await other.call("POST", "/v3/connectors", { provider: "imap" });
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await other.forgetRequests();
      world.declare({ mailboxes: { ops: world.mailbox(0), sales: world.mailbox(1) } });
      pointAt(world, other);
      await world.fails(["wrong_application", "the rest of the program was made in application"], "up");
      expect(world.ids()).toEqual(before);
      expect(await other.writes()).toEqual([]);
      pointAt(world, emulator);
      await stack.up();
      expect(await emulator.grants()).toHaveLength(2);
    },
  },
  {
    name: "the API key is plain text in the configuration",
    outcome: "resources and look-ups refuse it, name the command that fixes it, and do not show it",
    rules: [8, 9],
    only: { host: "dynamic", because: "the engine does not tell a plugin which settings are secret" },
    run: async (world) => {
      const { stack } = world;
      stack.env.NYLAS_API_KEY = "";
      // Pulumi saves plain configuration in its history, so this test can only check the output.
      await stack.config({ "nylas:apiKey": "nyk_in_clear_0123456789" });
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["pulumi config set --secret nylas:apiKey"], "up");
      stack.writeProgram('exports.application = require("pulumi-nylas-imap").getApplicationOutput().applicationId;');
      await world.fails(["pulumi config set --secret nylas:apiKey"], "up");
      expect(stack.printed()).not.toContain("nyk_in_clear");
      expect(await world.emulator.requests()).toEqual([]);
    },
  },
  {
    name: "a mailbox is moved to another application, where another one's connector is",
    outcome:
      "its grant is deleted in the first with the first's key, and another one is made in the second; naming the connector's application as well changes nothing",
    rules: [1, 2, 3],
    only: { host: "dynamic", because: "for other languages, a provider of its own takes the place of `application`" },
    run: async (world) => {
      const { emulator, stack } = world;
      const other = await world.anotherApplication();
      await emulator.call("POST", "/v3/connectors", { provider: "imap" });
      Object.assign(stack.env, { NYLAS_B_API_KEY: other.emulator.apiKey, NYLAS_B_API_URI: other.emulator.apiUri });
      const ports = { imapPort: other.imap.port, smtpPort: other.smtp.port };
      const elsewhere = { application: "nylas-b", ...ports };
      const withNeighbour = (ops: Mailbox, args: Record<string, unknown>) =>
        world.declare({ connector: "imap", mailboxes: { ops }, more: neighbour(other, args) });
      withNeighbour(world.mailbox(0), {});
      await stack.up();
      const before = world.ids();
      expect(world.resource("neighbour").outputs).toMatchObject({ applicationId: other.emulator.applicationId });
      for (const each of [emulator, other]) await each.forgetRequests();
      withNeighbour({ ...other.user(0), args: elsewhere }, { application: "nylas-b" });
      await stack.up();
      expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${before.ops}`]);
      expect(await other.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toMatchObject({ neighbour: before.neighbour });
      expect(Object.values(world.ids()).toSorted()).toEqual((await other.grants()).map(({ id }) => id).toSorted());
    },
  },
];
