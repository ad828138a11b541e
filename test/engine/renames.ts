import { expect } from "vitest";
import { OF_TYPESCRIPT, type Scenario } from "./scenario.js";
import { AUTHENTICATE, type World } from "./world.js";

const ADOPT = { onExisting: "adopt" };
/** Delay during which the run is killed, in milliseconds. */
const SLOW = 2_500;
const GROUP =
  'new (class extends pulumi.ComponentResource { constructor() { super("test:index:Group", "group"); } })()';

/** Another resource of the name `ops`, at the top of the program, for the same mailbox. */
function sameMailboxAtTheTop({ emulator }: World): string {
  const { username, password } = emulator.user(0);
  const args = {
    imapUsername: username,
    imapPassword: password,
    imapHost: emulator.imap.host,
    imapPort: emulator.imap.port,
    receiveOnly: true,
  };
  return `new ByoImapGrant("ops", { connector, ...${JSON.stringify(args)} });`;
}

/** A mailbox under another name in the program. */
export const renames: Scenario[] = [
  {
    name: "a resource is renamed with an alias, its password is rotated later, and it is destroyed",
    outcome: "the rename sends no request; the id stays",
    rules: [1, 2, 3],
    run: async (world) => {
      const { ops } = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      world.declare({ mailboxes: { mail: world.mailbox(0, { opts: '{ aliases: [{ name: "ops" }] }' }) } });
      await world.stack.up();
      expect(await world.emulator.requests()).toEqual([]);
      expect(world.ids()).toEqual({ mail: ops });
      await world.unchanged();
      const { username } = world.mailbox(0);
      await world.emulator.setPassword(username, world.secret("a later password"));
      world.declare({ mailboxes: { mail: { username, password: "a later password" } } });
      await world.stack.up();
      expect(await world.emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual({ mail: ops });
      await world.stack.destroy();
      expect(await world.emulator.grants()).toEqual([]);
    },
  },
  {
    name: "bare grants move into a `MailEnvironment` with aliases",
    outcome: "no request; the ids stay",
    rules: [1, 2, 3],
    only: OF_TYPESCRIPT,
    run: async (world) => {
      const { emulator, stack } = world;
      const { ops, sales } = await world.given({ mailboxes: { ops: world.mailbox(0), sales: world.mailbox(1) } });
      const defaults = { imapHost: emulator.imap.host, imapPort: emulator.imap.port };
      const sending = { smtpHost: emulator.smtp.host, smtpPort: emulator.smtp.port };
      const mailboxes = ["ops", "sales"].map((name, index) => {
        const { username, password } = emulator.user(index);
        const login = JSON.stringify({ imapUsername: username, imapPassword: password });
        return `${name}: { ...${login}, options: { aliases: [{ name: "${name}", parent: pulumi.rootStackResource }] } }`;
      });
      world.declare({
        more: `
        const { MailEnvironment } = require("pulumi-nylas-imap");
        const defaults = ${JSON.stringify({ ...defaults, ...sending })};
        new MailEnvironment("mail", { connector, defaults, mailboxes: { ${mailboxes.join(", ")} } });`,
      });
      await stack.up();
      expect(await emulator.requests()).toEqual([]);
      expect(world.ids()).toEqual({ "mail-ops": ops, "mail-sales": sales });
      await world.unchanged();
    },
  },
  {
    name: "a resource is renamed without an alias",
    outcome: "`grant_exists`: nothing is made and nothing deleted, with `--continue-on-error` neither",
    rules: [3, 4],
    run: async (world) => {
      const { ops } = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      world.declare({ mailboxes: { mail: world.mailbox(0) } });
      const says = ["grant_exists", "another resource of this stack made or adopted it", world.tells.alias];
      await world.fails(says, "up");
      await world.fails(says, "up", "--continue-on-error");
      expect(await world.emulator.writes()).toEqual([]);
      expect(world.ids()).toEqual({ ops });
    },
  },
  {
    name: "a resource is copied to a new name, and the old one stays in the program",
    outcome:
      "`grant_exists` and `connector_exists` say that another resource has it, and to remove the old one and set an alias; done so, the ids stay",
    rules: [2, 4],
    run: async (world) => {
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const first = `next:       if this is its new name, remove the old resource from the program and give this one ${world.tells.alias}`;
      const held = "another resource of this program holds";
      // One after the other: a failure may end the program before it has declared the rest.
      const copy = world.mailbox(0, { args: ADOPT, opts: "{ dependsOn: [grants.ops] }" });
      world.declare({ mailboxes: { ops: world.mailbox(0), mail: copy } });
      await world.fails(["grant_exists", held, first], "up");
      world.declare({
        more: 'new ImapConnector("mail-connector", {}, { dependsOn: [connector] });',
        mailboxes: { ops: world.mailbox(0) },
      });
      await world.fails(["connector_exists", held, first], "up");
      expect(await world.emulator.writes()).toEqual([]);
      world.declare({ mailboxes: { mail: world.mailbox(0, { opts: '{ aliases: [{ name: "ops" }] }' }) } });
      await world.stack.up();
      expect(world.ids()).toEqual({ mail: before.ops });
    },
  },
  {
    name: "a resource is copied to a new name with `onExisting: adopt`, the engine makes the copy first, and the old one stays in the program",
    outcome:
      "the copy gets the grant, and `grant_exists` says at the old resource that the program has it twice, in each run until one is removed; the id stays",
    rules: [2, 4],
    run: async (world) => {
      const { ops = "" } = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const copy = world.mailbox(0, { args: ADOPT });
      const both = { mail: copy, ops: world.mailbox(0, { opts: "{ dependsOn: [grants.mail] }" }) };
      world.declare({ mailboxes: both });
      const twice = ["grant_exists", `grant ${ops}`, "remove one of the two from the program"];
      await world.fails(twice, "up");
      expect(await world.emulator.writes()).toEqual([AUTHENTICATE]);
      await world.emulator.forgetRequests();
      await world.fails(twice, "preview");
      await world.fails(twice, "up");
      expect(await world.emulator.requests()).toEqual([]);
      world.declare({ mailboxes: { mail: copy } });
      await world.stack.up();
      expect(world.ids()).toEqual({ mail: ops });
      expect(await world.emulator.grants()).toMatchObject([{ id: ops }]);
      await world.unchanged();
      await world.stack.destroy();
      expect(await world.emulator.grants()).toEqual([]);
    },
  },
  {
    name: "a resource is renamed without an alias, with `onExisting: adopt`",
    outcome:
      "the new name adopts the grant, and the old name's deletion leaves it; it goes at destroy, as one that this stack made",
    rules: [2, 3, 4],
    run: async (world) => {
      const { ops } = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      world.declare({ mailboxes: { mail: world.mailbox(0, { args: ADOPT }) } });
      const up = await world.stack.up();
      expect(up.output).toContain("another resource has adopted it");
      expect(await world.emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual({ mail: ops });
      await world.stack.destroy();
      expect(await world.emulator.grants()).toEqual([]);
    },
  },
  {
    name: "a resource is renamed without an alias, with `onExisting: adopt`, and Nylas does not return `state`",
    outcome: "the old name's deletion leaves the grant all the same",
    rules: [2, 3],
    emulator: { behavior: { stateEcho: "omitted" } },
    run: async (world) => {
      const { ops } = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      world.declare({ mailboxes: { mail: world.mailbox(0, { args: ADOPT }) } });
      await world.stack.up();
      expect(world.ids()).toEqual({ mail: ops });
      expect(await world.emulator.grants()).toMatchObject([{ id: ops }]);
    },
  },
  {
    name: "the run is killed while it authenticates a renamed resource, whose new name the marker gets then",
    outcome: "after `pulumi cancel`, `up` goes on with the same id, and so does `destroy`",
    rules: [2, 5],
    run: async (world) => {
      const { emulator, stack } = world;
      const killedRename = async (from: string, to: string) => {
        await emulator.faults({ method: "POST", path: "/v3/connect/custom", nth: 1, delayMs: SLOW, afterEffect: true });
        const [before] = await emulator.grants();
        const opts = `{ aliases: [{ name: "${from}" }] }`;
        world.declare({ mailboxes: { [to]: world.mailbox(0, { opts, args: { credentialVersion: to } }) } });
        await world.killWhen(
          "the marker has the new name",
          async () => (await emulator.grants())[0]?.state !== before?.state,
        );
      };
      const { ops } = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await killedRename("ops", "mail");
      await stack.up();
      expect(world.ids()).toEqual({ mail: ops });

      await killedRename("mail", "post");
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
      expect(world.resources()).toEqual([]);
    },
  },
  {
    name: "a resource is moved under a component with an alias, and another one takes its old name and its mailbox",
    outcome: "no request, a later rotation keeps the id as well, and the other one is refused with `grant_exists`",
    rules: [2, 3, 4, 5],
    run: async (world) => {
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const opts = `{ parent: ${GROUP}, aliases: [{ parent: pulumi.rootStackResource }] }`;
      world.declare({ mailboxes: { ops: world.mailbox(0, { opts }) } });
      await world.stack.up();
      expect(await world.emulator.requests()).toEqual([]);
      const rotated = world.mailbox(0, { opts, args: { imapHost: "localhost" } });
      world.declare({ mailboxes: { ops: rotated } });
      await world.stack.up();
      expect(await world.emulator.writes()).toEqual([AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
      const moved = { ...rotated, opts: `{ parent: ${GROUP} }` };
      world.declare({ mailboxes: { ops: moved }, more: sameMailboxAtTheTop(world) });
      await world.fails(["grant_exists"], "up");
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "the connector's resource is renamed without an alias",
    outcome: "`connector_exists`: nothing changes, and no grant is lost",
    rules: [3, 4],
    run: async (world) => {
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      world.declare({ connectorName: "renamed", mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["connector_exists"], "up");
      expect(await world.emulator.writes()).toEqual([]);
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "the connector's resource is renamed and a grant's moved under a component, both without an alias, with `onExisting: adopt`",
    outcome: "the new names adopt both, the old names' deletions leave them, and no grant is lost",
    rules: [1, 2, 3],
    run: async (world) => {
      const { emulator } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0), billing: world.mailbox(1) } });
      const moved = world.mailbox(0, { args: ADOPT, opts: `{ parent: ${GROUP} }` });
      const mailboxes = { ops: moved, billing: world.mailbox(1) };
      world.declare({ connector: ADOPT, connectorName: "renamed", mailboxes });
      await world.stack.up();
      expect(await emulator.writes()).toEqual([AUTHENTICATE]);
      expect(await emulator.connectors()).toHaveLength(1);
      expect(world.ids()).toEqual(before);
      await world.unchanged();
    },
  },
  {
    name: "the connector's resource is renamed without an alias, with `onExisting: adopt`, the `up` fails elsewhere, and the stack is destroyed",
    outcome: "the connector goes, after the grants",
    rules: [3, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      const mailboxes = { ops: world.mailbox(0) };
      const { ops } = await world.given({ mailboxes });
      const wrong = world.mailbox(1, { password: "mistyped" });
      world.declare({ connector: ADOPT, connectorName: "renamed", mailboxes: { ...mailboxes, wrong } });
      await world.fails(["(invalid_credentials)"], "up");
      await emulator.forgetRequests();
      await stack.destroy();
      const [first, ...others] = await emulator.writes();
      expect(first).toBe(`DELETE /v3/grants/${ops}`);
      // The engine deletes both names side by side.
      expect(new Set(others)).toEqual(new Set(["DELETE /v3/connectors/imap"]));
      expect(await emulator.connectors()).toEqual([]);
    },
  },
  {
    name: "the resource of a connector without grants is renamed without an alias, with `onExisting: adopt`",
    outcome: "the new name adopts it, and the old name's deletion leaves it; it goes at destroy",
    rules: [3, 4],
    run: async (world) => {
      await world.given({});
      world.declare({ connector: ADOPT, connectorName: "renamed" });
      await world.stack.up();
      expect(await world.emulator.connectors()).toHaveLength(1);
      expect(await world.emulator.writes()).toEqual([]);
      await world.stack.destroy();
      expect(await world.emulator.connectors()).toEqual([]);
    },
  },
];
