import { expect } from "vitest";
import { type Mailbox, withOptions } from "../support/programs.js";
import { OF_TYPESCRIPT, type Scenario } from "./scenario.js";
import { AUTHENTICATE, type World } from "./world.js";

/** Makes the look into the mailbox fail: the grant is authenticated, and the update fails halfway. */
const UNREADABLE = { method: "GET", path: "*/messages", times: 1, status: 401 };
/** How long a creation takes that is killed meanwhile, in milliseconds. */
const SLOW_MS = 5_000;
/** Every argument whose change keeps the grant, and the two ways to name a failed update. */
const PATHS = [
  ...[
    "imapPassword",
    "imapPasswordFrom",
    "imapHost",
    "imapPort",
    "smtpHost",
    "smtpPort",
    "smtpUsername",
    "smtpPassword",
  ],
  ...["receiveOnly", "onExisting", "deleteAdopted", "credentialVersion", "verify", "preflight", "connector", "owner"],
  ...["stack", "grantStatus", "*", "#initerror", '["*"]'],
];
const replaceOnChanges = `replaceOnChanges: ${JSON.stringify(PATHS)}`;
/** A transformation runs after the class has set its options, as does a transform in the engine. */
const TRANSFORMED = `{ transformations: [({ props, opts }) => ({ props, opts: { ...opts, ${replaceOnChanges} } })] }`;
const STACK_TRANSFORMATION = withOptions("nylas:", replaceOnChanges);

/** For rows in which the option `replaceOnChanges` has no effect on a change. */
const UNNAMED = {
  host: "dynamic",
  because: "the engine does not learn from a dynamic provider which arguments differ",
} as const;

/** Rotates the password of `ops` in a run whose look into the mailbox fails. Returns the ids before. */
async function halfMade(world: World, opts: string, more = ""): Promise<Record<string, string>> {
  const { emulator } = world;
  const declare = (password?: string) =>
    world.declare({
      more,
      mailboxes: { ops: world.mailbox(0, { opts, ...(password === undefined ? {} : { password }) }) },
    });
  declare();
  await world.stack.up();
  const before = world.ids();
  await emulator.setPassword(world.mailbox(0).username, "a new pass word");
  declare("a new pass word");
  await emulator.faults(UNREADABLE);
  await world.fails(["cannot read it", "is kept"], "up");
  expect(world.resource("ops").initErrors).toHaveLength(1);
  expect(world.ids()).toEqual(before);
  await emulator.forgetRequests();
  return before;
}

/** Expects `ops` to manage the only grant. */
async function managesOnlyGrant(world: World): Promise<void> {
  expect((await world.emulator.grants()).map(({ id }) => id)).toEqual(Object.values(world.ids()));
  await world.unchanged();
}

/** Replacements that arguments do not ask for. */
export const replacement: Scenario[] = [
  {
    name: 'an update fails halfway, and the resource has `replaceOnChanges: ["*"]`',
    outcome: "the next `up` goes on with the same grant: the option has no effect",
    rules: [2, 5],
    only: UNNAMED,
    run: async (world) => {
      const before = await halfMade(world, `{ ${replaceOnChanges} }`);
      await world.stack.up();
      expect(await world.emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
      await world.unchanged();
    },
  },
  {
    name: "an update fails halfway, and a component or a `MailEnvironment` gives its mailboxes `replaceOnChanges`",
    outcome: "the next `up` goes on with the same grants",
    rules: [2, 5],
    only: OF_TYPESCRIPT,
    run: async (world) => {
      const { emulator, stack } = world;
      const { username, password } = world.mailbox(1);
      const args = { imapUsername: username, imapPassword: password, imapHost: emulator.imap.host, receiveOnly: true };
      const declare = (credentialVersion: number) =>
        world.declare({
          mailboxes: {
            ops: world.mailbox(0, { args: { credentialVersion }, opts: `{ parent: group, ${replaceOnChanges} }` }),
          },
          before:
            'class Group extends pulumi.ComponentResource { constructor() { super("test:index:Group", "group"); } }\nconst group = new Group();',
          more: `
          const { MailEnvironment } = require("pulumi-nylas-imap");
          const sales = { ...${JSON.stringify({ ...args, imapPort: emulator.imap.port, credentialVersion })}, options: { ${replaceOnChanges} } };
          new MailEnvironment("mail", { connector, mailboxes: { sales } }, { ${replaceOnChanges} });`,
        });
      declare(1);
      await stack.up();
      const before = world.ids();
      declare(2);
      await emulator.faults({ ...UNREADABLE, times: 2 });
      await world.fails(["cannot read it"], "up", "--continue-on-error");
      for (const name of ["ops", "mail-sales"]) expect(world.resource(name).initErrors).toHaveLength(1);
      await stack.up();
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "an update fails halfway, and a transformation gives the resource `replaceOnChanges`",
    outcome:
      "the replacement is refused, and the message names the option; after `pulumi refresh`, or without the option, `up` goes on with the same grant",
    rules: [2, 5],
    only: UNNAMED,
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await halfMade(world, TRANSFORMED);
      const failed = stack.checkpoint();
      await world.fails(["replaceOnChanges", "a transformation", "pulumi refresh", "--replace"], "up");
      expect(await emulator.writes()).toEqual([]);
      expect(world.ids()).toEqual(before);
      await stack.refresh();
      await stack.up();
      expect(world.ids()).toEqual(before);
      expect(await emulator.writes()).toEqual([]);

      stack.restore(failed);
      await world.fails(["replaceOnChanges"], "up");
      world.declare({ mailboxes: { ops: world.mailbox(0, { password: "a new pass word" }) } });
      await stack.up();
      expect(world.ids()).toEqual(before);
      await world.unchanged();
    },
  },
  {
    name: "a creation fails halfway, and a transformation of the stack gives every resource `replaceOnChanges`",
    outcome:
      "the replacement is refused in a plain `up` and in `up --refresh` the grant goes on; `destroy` deletes it, alone and with `--refresh`",
    rules: [2, 5],
    only: UNNAMED,
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.faults(UNREADABLE);
      const mailboxes = { ops: world.mailbox(0) };
      world.declare({ before: STACK_TRANSFORMATION, mailboxes });
      await world.fails(["cannot read it", "is kept"], "up");
      const failed = stack.checkpoint();
      const before = world.ids();
      expect(Object.keys(before)).toEqual(["ops"]);
      await world.fails(["replaceOnChanges"], "up");
      expect(world.ids()).toEqual(before);
      await stack.up("--refresh");
      expect(world.ids()).toEqual(before);

      stack.restore(failed);
      await stack.destroy("--refresh");
      expect(await emulator.grants()).toEqual([]);
      expect(world.resources()).toEqual([]);
    },
  },
  {
    name: "an update fails halfway, a transformation gives the resource `replaceOnChanges`, and `--replace` names it",
    outcome: "it is replaced, because you asked",
    rules: [2, 3],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await halfMade(world, world.replaceable);
      const opts = `pulumi.mergeOptions(${world.replaceable}, ${TRANSFORMED})`;
      world.declare({ mailboxes: { ops: world.mailbox(0, { password: "a new pass word", opts }) } });
      await stack.up("--replace", world.resource("ops").urn);
      expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${before.ops}`, AUTHENTICATE]);
      expect(world.ids()).not.toEqual(before);
    },
  },
  {
    name: "a grant is replaced by force, and a transformation sets `deleteBeforeReplace: false`",
    outcome:
      "`grant_exists`, nothing changes; with `onExisting: adopt` the grant is taken up again, same id, and the deletion that follows leaves it, even if Nylas does not return `state`",
    rules: [2, 3],
    run: async (world) => {
      const { emulator, stack } = world;
      const opts = `{ transformations: [({ props, opts }) => ({ props, opts: { ...opts, deleteBeforeReplace: false } })] }`;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0, { opts }) } });
      const replace = ["up", "--replace", world.resource("ops").urn] as const;
      await world.fails(["grant_exists"], ...replace);
      expect(await emulator.writes()).toEqual([]);
      world.declare({ mailboxes: { ops: world.mailbox(0, { opts, args: { onExisting: "adopt" } }) } });
      await stack.run(...replace);
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
      await stack.up();
      expect(world.ids()).toEqual(before);
    },
    emulator: { behavior: { stateEcho: "omitted" } },
  },
  {
    name: "a grant and its connector are replaced by force, creating first, and the run fails before its deletions",
    outcome: "the next `up` leaves both at Nylas, although it catches up with the deletions",
    rules: [2, 3],
    run: async (world) => {
      const { emulator, stack } = world;
      const declare = (change: { password?: string } = {}) =>
        world.declare({
          before: withOptions("nylas:", "deleteBeforeReplace: false"),
          connector: { onExisting: "adopt", forceDelete: true },
          mailboxes: {
            ops: world.mailbox(0, { args: { onExisting: "adopt", deleteAdopted: true } }),
            sales: world.mailbox(1, change),
          },
        });
      declare();
      await stack.up();
      const before = world.ids();
      await emulator.forgetRequests();
      declare({ password: "mistyped" });
      const [connector, ops] = [world.resource("imap").urn, world.resource("ops").urn];
      await world.fails(["(invalid_credentials)"], "up", "--replace", connector, "--replace", ops);
      declare();
      await stack.up();
      expect((await emulator.writes()).filter((write) => write.startsWith("DELETE"))).toEqual([]);
      expect(world.ids()).toEqual(before);
      expect(await emulator.connectors()).toHaveLength(1);
      await world.unchanged();
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
      expect(await emulator.connectors()).toEqual([]);
    },
    emulator: { behavior: { stateEcho: "omitted" } },
  },
  {
    name: "connector and grant are replaced by force, creating first, with `onExisting: adopt`",
    outcome: "both stay, and the notice says that the program still has them",
    rules: [2, 3],
    run: async (world) => {
      const { emulator, stack } = world;
      const declare = (mailbox: Mailbox) =>
        world.declare({
          before: withOptions("nylas:", "deleteBeforeReplace: false"),
          connector: { onExisting: "adopt" },
          mailboxes: { ops: mailbox },
        });
      declare(world.mailbox(0, { args: { onExisting: "adopt" } }));
      await stack.up();
      const before = world.ids();
      await emulator.forgetRequests();
      const [connector, ops] = [world.resource("imap").urn, world.resource("ops").urn];
      const { output } = await stack.up("--replace", connector, "--replace", ops);
      expect(output).toContain("the IMAP connector stays at Nylas: the program still has it");
      expect(output).toMatch(/grant [0-9a-f-]{36} of \S+ stays at Nylas: the program still has it/);
      expect((await emulator.writes()).filter((write) => write.startsWith("DELETE"))).toEqual([]);
      expect(world.ids()).toEqual(before);
      await world.unchanged();
    },
  },
  {
    name: "a run is killed, and the next one replaces its grant by force, creating first, and fails before the deletion",
    outcome: "the `up` after that leaves the grant at Nylas, although it catches up with the deletion",
    rules: [2, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      const declare = (change: { password?: string } = {}) =>
        world.declare({
          before: withOptions("nylas:", "deleteBeforeReplace: false"),
          mailboxes: {
            ops: world.mailbox(0),
            sales: world.mailbox(1, { ...change, opts: "{ dependsOn: [grants.ops] }" }),
          },
        });
      declare();
      await emulator.faults({ method: "POST", path: "/v3/connect/custom", nth: 2, delayMs: SLOW_MS });
      await world.killWhen("the grant of ops is saved", async () => world.ids().ops !== undefined);
      // On a busy machine the killed run has begun with sales: its request must not fall into what follows.
      await world.leftBehindEnd();
      await emulator.faults();
      const { ops } = world.ids();
      const markers = async () => (await emulator.grants()).filter(({ id }) => id === ops).map(({ state }) => state);
      const before = await markers();
      declare({ password: "mistyped" });
      await world.fails(["(invalid_credentials)"], "up", "--replace", world.resource("ops").urn);
      // The killed run's note goes on: the replacement bears the marker of what it replaces.
      expect(await markers()).toEqual(before);
      expect(world.resources().filter((resource) => resource.delete)).toHaveLength(1);
      await emulator.forgetRequests();
      declare();
      await stack.up();
      expect((await emulator.writes()).filter((write) => write.startsWith("DELETE"))).toEqual([]);
      expect(world.ids()).toMatchObject({ ops });
      await world.unchanged();
    },
  },
  {
    name: "arguments are changed in place although a transformation lists all of them under `replaceOnChanges`",
    outcome: "one authentication each, same ids",
    rules: [2],
    only: UNNAMED,
    run: async (world) => {
      const { emulator, stack } = world;
      const opts = TRANSFORMED;
      const before = await world.given({
        mailboxes: { ops: world.mailbox(0, { opts }), sales: world.mailbox(1, { opts }) },
      });
      await emulator.setPassword(world.mailbox(0).username, "a new pass word");
      const args = {
        imapHost: "localhost",
        receiveOnly: true,
        credentialVersion: 2,
        onExisting: "adopt",
        verify: false,
      };
      world.declare({
        mailboxes: {
          ops: world.mailbox(0, { opts, password: "a new pass word" }),
          sales: world.mailbox(1, { opts, args: { ...args, deleteAdopted: true, preflight: "warn" } }),
        },
      });
      await stack.up();
      expect(await emulator.writes()).toEqual([AUTHENTICATE, AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "an argument that is changed in place stands under `replaceOnChanges`",
    outcome:
      "the replacement is refused, and the message names the option; without the option, `up` authenticates the mailbox, same id",
    rules: [2],
    only: { host: "native", because: "the classes of the TypeScript package drop the option" },
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const password = "a new pass word";
      await emulator.setPassword(world.mailbox(0).username, password);
      for (const paths of [["*"], ["imapPassword"]]) {
        const opts = `{ replaceOnChanges: ${JSON.stringify(paths)} }`;
        world.declare({ mailboxes: { ops: world.mailbox(0, { password, opts }) } });
        const { output } = await world.fails(["(invalid_input)", "replaceOnChanges", "Nothing was changed"], "up");
        expect(output).not.toContain("halfway");
        expect(world.ids()).toEqual(before);
      }
      expect(await emulator.requests()).toEqual([]);
      world.declare({ mailboxes: { ops: world.mailbox(0, { password, opts: '{ replaceOnChanges: ["imapHost"] }' }) } });
      await stack.up();
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "an update fails halfway, and the resource has `replaceOnChanges` in the next `up`",
    outcome:
      "the replacement is refused, and the message names the option; without it, `up` goes on with the same grant",
    rules: [2, 5],
    only: { host: "native", because: "the classes of the TypeScript package drop the option" },
    run: async (world) => {
      const before = await halfMade(world, "{}");
      const password = "a new pass word";
      for (const paths of ["*", "#initerror", "grantStatus"]) {
        const opts = `{ replaceOnChanges: [${JSON.stringify(paths)}] }`;
        world.declare({ mailboxes: { ops: world.mailbox(0, { password, opts }) } });
        await world.fails(["(invalid_input)", "failed halfway", "replaceOnChanges"], "up");
        expect(world.ids()).toEqual(before);
      }
      expect(await world.emulator.requests()).toEqual([]);
      world.declare({ mailboxes: { ops: world.mailbox(0, { password }) } });
      await world.stack.up();
      expect(await world.emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
      await world.unchanged();
    },
  },
  {
    name: "connector and grant are replaced by force, with `--replace` or `state taint`, and without `deleteBeforeReplace`",
    outcome:
      "`connector_exists` and `grant_exists` name the option first, and nothing changes; with it, a grant is deleted first, then made again",
    rules: [2, 3],
    only: { host: "native", because: "the classes of the TypeScript package set the option" },
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const { urn } = world.resource("ops");
      const first = "next:       if this run replaces it on purpose";
      await world.fails(["(grant_exists)", first, "`deleteBeforeReplace`"], "up", "--replace", urn);
      await world.fails(["(connector_exists)", first], "up", "--replace", world.resource("imap").urn);
      await stack.run("state", "taint", "--yes", urn);
      await world.fails(["(grant_exists)", first], "up");
      expect(await emulator.writes()).toEqual([]);
      expect(world.ids()).toEqual(before);
      world.declare({ mailboxes: { ops: world.mailbox(0, { opts: "{ deleteBeforeReplace: true }" }) } });
      await stack.up();
      expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${before.ops}`, AUTHENTICATE]);
      await managesOnlyGrant(world);
    },
  },
  {
    name: "the user asks for another grant, with `state taint`, `replacementTrigger`, `replaceWith` or `--replace`, while the connector is replaced as well",
    outcome: "each grant that is named is deleted and made again; the others keep their ids",
    rules: [2, 3],
    run: async (world) => {
      const { emulator, stack } = world;
      const connector = { forceDelete: true };
      const opts = (own: string) => `pulumi.mergeOptions(${world.replaceable}, ${own})`;
      const declare = (trigger: string) =>
        world.declare({
          connector,
          connectorOpts: world.replaceable,
          mailboxes: {
            tainted: world.mailbox(0, { opts: world.replaceable }),
            triggered: world.mailbox(1, { opts: opts(`{ replacementTrigger: "${trigger}" }`) }),
            along: world.mailbox(2, { opts: opts("{ replaceWith: [grants.tainted] }") }),
            named: world.mailbox(3, { opts: world.replaceable }),
            kept: world.mailbox(4),
          },
        });
      declare("first");
      await stack.up();
      const before = world.ids();
      const urn = (name: string) => world.resource(name).urn;
      await stack.run("state", "taint", "--yes", urn("tainted"));
      declare("second");
      await stack.up("--replace", urn("named"));
      const after = world.ids();
      for (const name of ["tainted", "triggered", "along", "named"]) expect(after[name], name).not.toBe(before[name]);
      expect(after.kept).toBe(before.kept);

      // The deletion of the connector makes the engine call `diff` for each grant, before it plans them.
      await emulator.forgetRequests();
      await stack.up("--replace", urn("imap"), "--replace", urn("named"));
      expect(world.ids()).toEqual({ ...after, named: expect.not.stringMatching(String(after.named)) });
    },
    emulator: {
      // Otherwise Nylas may delete the grants along with the connector.
      behavior: { connectorDelete: "invalidate", connectorDeleteGraceSeconds: "3600" },
      users: ["tainted", "triggered", "along", "named", "kept"].map((name) => ({
        username: `${name}@example.test`,
        password: `the password of ${name}`,
      })),
    },
  },
];
