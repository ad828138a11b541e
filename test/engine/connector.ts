import { expect } from "vitest";
import { withOptions } from "../support/programs.js";
import { OF_TYPESCRIPT, type Scenario } from "./scenario.js";
import { AUTHENTICATE, CONNECT, onAnotherMachine } from "./world.js";

const ADOPT = { onExisting: "adopt" };

/** The connector; an application has at most one. */
export const connector: Scenario[] = [
  {
    name: "the application has an IMAP connector already",
    outcome: "`connector_exists` names the ways on; nothing changes",
    rules: [4],
    run: async (world) => {
      const { emulator } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "by hand" });
      await emulator.forgetRequests();
      world.declare({ connector: { name: "by Pulumi" } });
      await world.fails(["connector_exists", 'onExisting: "adopt"', 'connector: "imap"'], "up");
      expect(await emulator.writes()).toEqual([]);
      expect(await emulator.connectors()).toMatchObject([world.connectorNamed("by hand")]);
    },
  },
  {
    name: "an existing connector is adopted",
    outcome: "it stays at destroy, unless `deleteAdopted: true`",
    rules: [4],
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "by hand" });
      await world.given({ connector: ADOPT });
      await stack.destroy();
      expect(await emulator.writes()).toEqual([]);
      await world.given({ connector: { ...ADOPT, deleteAdopted: true } });
      await stack.destroy();
      expect(await emulator.connectors()).toEqual([]);
    },
  },
  {
    name: "the connector's name is changed",
    outcome: "it is renamed with one request",
    rules: [1],
    run: async (world) => {
      const { emulator, stack } = world;
      await world.given({ connector: { name: "before" } });
      world.declare({ connector: { name: "after" } });
      await stack.up();
      expect(await emulator.writes()).toEqual(["PATCH /v3/connectors/imap"]);
      expect(await emulator.connectors()).toMatchObject([world.connectorNamed("after")]);
      await world.unchanged();
    },
  },
  {
    name: "Nylas ignores the connector's name",
    outcome: "the name is sent once; a second `up`, also after a refresh, sends no write",
    rules: [1],
    emulator: { behavior: { connectorName: "provider" } },
    run: async (world) => {
      const { emulator, stack } = world;
      await world.given({ connector: { name: "mail" } });
      await world.unchanged();
      await stack.up("--refresh", "--expect-no-changes");
      expect(await emulator.writes()).toEqual([]);
    },
  },
  {
    name: "the connector is renamed although a transformation lists its name under `replaceOnChanges`",
    outcome: "it is renamed in place, and its grants stay",
    rules: [2, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = withOptions("ImapConnector", 'replaceOnChanges: ["name"]');
      const mailboxes = { ops: world.mailbox(0) };
      const ids = await world.given({ before, connector: { name: "first" }, mailboxes });
      world.declare({ before, connector: { name: "second" }, mailboxes });
      await stack.up();
      expect((await emulator.writes()).filter((write) => write.startsWith("DELETE"))).toEqual([]);
      expect(await emulator.connectors()).toMatchObject([world.connectorNamed("second")]);
      expect(world.ids()).toEqual(ids);
      expect(world.resource("imap").outputs).toMatchObject({ adopted: false });
      await world.unchanged();
      onAnotherMachine(stack);
      world.declare({ before, connector: { name: "third" }, mailboxes });
      await stack.up();
      expect(world.resource("imap").outputs).toMatchObject({ adopted: false });
      await stack.destroy();
      expect(await emulator.connectors()).toEqual([]);
    },
  },
  {
    name: "the connector is renamed in the program with an alias on another machine, and the stack is destroyed on the first one",
    outcome: "the connector goes too, although the first machine knows its old name alone",
    rules: [3, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const { PULUMI_HOME: first = "" } = stack.env;
      onAnotherMachine(stack);
      const renamed = { connectorName: "mail", connectorOpts: '{ aliases: [{ name: "imap" }] }' };
      world.declare({ ...renamed, mailboxes: { ops: world.mailbox(0) } });
      await stack.up();
      stack.env.PULUMI_HOME = first;
      await stack.destroy();
      expect(await emulator.connectors()).toEqual([]);
    },
  },
  {
    name: "this machine's record of the connector is of a stack that was destroyed elsewhere, and the stack that made it again is destroyed",
    outcome:
      "the connector stays, because that stack may have adopted it, and the notice says what to do if it is gone",
    rules: [3, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      await world.given({});
      const { PULUMI_HOME: first = "" } = stack.env;
      onAnotherMachine(stack);
      await stack.destroy();
      const second = await world.anotherStack("second");
      onAnotherMachine(second);
      await world.given({}, second);
      second.env.PULUMI_HOME = first;
      const { output } = await second.destroy();
      expect(output).toMatch(
        /stays at Nylas: as far as this machine knows, a stack whose digest is [0-9a-f]{8} .* has it\. If that is out of date, delete the connector in the Nylas dashboard/,
      );
      expect(await emulator.connectors()).toHaveLength(1);
    },
  },
  {
    name: "Nylas answers 429 to the creation of the connector, and somebody makes it before the next attempt",
    outcome: "`connector_exists`: a request that was refused has made nothing",
    rules: [4, 10],
    run: async (world) => {
      const { emulator } = world;
      // The connector that somebody makes meanwhile: to the run it is the same.
      const other = { method: "POST", path: "/v3/connectors", nth: 1, status: 429, retryAfter: 0, afterEffect: true };
      await emulator.faults(other);
      world.declare({});
      await world.fails(["connector_exists"], "up");
      expect(await emulator.connectors()).toHaveLength(1);
    },
  },
  {
    name: "the connector was deleted outside",
    outcome:
      "`connector_missing` asks for `up --refresh`, which makes it again and authenticates its grants; they keep their ids",
    rules: [2, 6],
    emulator: { behavior: { connectorDelete: "invalidate", connectorDeleteGraceSeconds: "3600" } },
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await emulator.call("DELETE", "/v3/connectors/imap");
      const rotated = world.mailbox(0, { args: { credentialVersion: 1 } });
      world.declare({ mailboxes: { ops: rotated } });
      const says = ["connector_missing", "deleted outside of Pulumi", "pulumi up --refresh"];
      await world.fails(says, "up");
      world.declare({ connector: { name: "renamed" }, mailboxes: { ops: world.mailbox(0) } });
      await world.fails(says, "up");
      world.declare({ mailboxes: { ops: rotated } });
      await emulator.forgetRequests();
      const up = await stack.up("--refresh");
      expect(up.output).toContain("the IMAP connector was deleted outside of Pulumi");
      expect(await emulator.writes()).toEqual([CONNECT, AUTHENTICATE]);
      expect(world.ids()).toEqual(before);
      expect(await emulator.grants()).toMatchObject([{ grant_status: "valid" }]);
    },
  },
  {
    name: "the connector was deleted outside, and Nylas has purged its grants",
    outcome: "after a refresh, `up` creates connector and grants again, with other grant ids, and says so",
    rules: [2, 5],
    emulator: { behavior: { connectorDelete: "purge" } },
    run: async (world) => {
      const { emulator, stack } = world;
      await world.given({ mailboxes: { ops: world.mailbox(0) } });
      await emulator.call("DELETE", "/v3/connectors/imap");
      await world.makeGrantsOld();
      await emulator.forgetRequests();
      const refresh = await stack.refresh();
      expect(refresh.output).toContain("the IMAP connector was deleted outside of Pulumi");
      expect(refresh.output).toContain("was deleted outside of Pulumi; the next `up` makes another one");
      await stack.up();
      expect(await emulator.writes()).toEqual([CONNECT, AUTHENTICATE]);
      expect(await emulator.grants()).toMatchObject([{ grant_status: "valid" }]);
    },
  },
  {
    name: "a connector that somebody else's grant hangs on is destroyed",
    outcome: "`connector_in_use` says how many there are; nothing is lost",
    rules: [4],
    run: async (world) => {
      const { emulator } = world;
      await world.given({});
      const { id, email } = await emulator.foreignGrant(1);
      await emulator.forgetRequests();
      const grant = `${id} (${email}, not made with this package)`;
      const { output } = await world.fails(["connector_in_use", "1 grant hangs on it", grant], "destroy");
      const [, diagnostics = ""] = output.split("Diagnostics:");
      expect(diagnostics.split("(connector_in_use)"), "it is told once").toHaveLength(2);
      expect(await emulator.writes()).toEqual([]);
      expect(await emulator.grants()).toMatchObject([{ grant_status: "valid" }]);
    },
  },
  {
    name: "a connector with grants on it is destroyed with `forceDelete: true`",
    outcome: "it is deleted, as asked; the flag alone sends no request",
    rules: [1, 4],
    run: async (world) => {
      const { emulator, stack } = world;
      await world.given({});
      await emulator.foreignGrant(1);
      await emulator.forgetRequests();
      world.declare({ connector: { forceDelete: true } });
      await stack.up();
      expect(await emulator.requests()).toEqual([]);
      await stack.destroy();
      expect(await emulator.writes()).toEqual(["DELETE /v3/connectors/imap"]);
    },
  },
  {
    name: "a connector with grants on it is replaced by force",
    outcome: "`connector_in_use`: nothing is deleted, and the next `up` has nothing to do",
    rules: [2, 3],
    run: async (world) => {
      const { emulator } = world;
      const before = await world.given({ connectorOpts: world.replaceable, mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["connector_in_use"], "up", "--replace", world.resource("imap").urn);
      expect(await emulator.writes()).toEqual([]);
      expect(world.ids()).toEqual(before);
      await world.unchanged();
    },
  },
  {
    name: "a connector with grants on it is tainted",
    outcome: "`connector_in_use` names `pulumi state untaint` first; after that, `up` has nothing to do",
    rules: [1, 2],
    run: async (world) => {
      const { emulator, stack } = world;
      const before = await world.given({ connectorOpts: world.replaceable, mailboxes: { ops: world.mailbox(0) } });
      const { urn } = world.resource("imap");
      expect(await stack.run("state", "taint", urn, "--yes")).toMatchObject({ code: 0 });
      await world.fails(
        ["next:       the run asks for another connector: if it is tainted, run `pulumi state untaint`"],
        "up",
      );
      expect(await emulator.writes()).toEqual([]);
      expect(await stack.run("state", "untaint", urn, "--yes")).toMatchObject({ code: 0 });
      await world.unchanged();
      expect(world.ids()).toEqual(before);
    },
  },
  {
    name: "a program declares two connectors",
    outcome: "one is made; `connector_exists` says to remove the other, and to pass the first to the grants",
    rules: [4],
    run: async (world) => {
      world.declare({ more: 'new ImapConnector("second");' });
      await world.fails(["connector_exists", "remove this one and pass the other to the grants as `connector`"], "up");
      expect(await world.sent("POST", /^\/v3\/connectors$/)).toBe(1);
    },
  },
  {
    name: "a program that has a connector declares a second one with `onExisting: adopt`, which the engine makes first",
    outcome:
      "`connector_exists` says at the first one that the program has it twice, until one is removed; the connector stays",
    rules: [4],
    run: async (world) => {
      await world.given({});
      const second = 'const second = new ImapConnector("second", { onExisting: "adopt" });';
      world.declare({ before: second, connectorOpts: "{ dependsOn: [second] }" });
      const twice = ["connector_exists", "another resource of this program holds the connector too"];
      await world.fails(twice, "up");
      await world.fails(twice, "preview");
      expect(await world.emulator.writes()).toEqual([]);
      world.declare({ connectorName: "second", connector: ADOPT });
      await world.stack.up();
      expect(await world.emulator.writes()).toEqual([]);
      expect(await world.emulator.connectors()).toHaveLength(1);
      await world.unchanged();
    },
  },
  {
    name: "the connector is left out of the first run, with `--exclude` or `--target`",
    outcome: "`connector_missing` says so, or Pulumi refuses it; with the connector, `up` makes both",
    rules: [5],
    run: async (world) => {
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      const says = "left out of this run by --target or --exclude: run `pulumi up` with it";
      await world.fails(["connector_missing", says], "up", "--exclude", "**imap");
      await world.fails(["not specified in --target list"], "up", "--target", "**ops");
      await world.stack.up();
      expect(await world.emulator.grants()).toHaveLength(1);
    },
  },
  {
    name: "a protected `MailEnvironment` refers to a connector that is managed elsewhere, and the program asks for it",
    outcome: "it is read and never written; the program may stop asking, and destroy leaves it",
    rules: [1, 4],
    only: OF_TYPESCRIPT,
    run: async (world) => {
      const { emulator, stack } = world;
      await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "by hand" });
      await emulator.forgetRequests();
      const environment = (more: string) =>
        world.declare({
          connector: "imap",
          more: `
            const { MailEnvironment } = require("pulumi-nylas-imap");
            const mail = new MailEnvironment("mail", { connector, mailboxes: {} }, { protect: true });
            ${more}`,
        });
      environment("grants.none = { grantId: mail.connector.applicationId };");
      await stack.up();
      expect(stack.outputs()).toEqual({ grantIds: { none: emulator.emulator.applicationId } });
      await stack.up("--expect-no-changes");
      environment("");
      await stack.up();
      expect(world.resources().map(({ urn }) => urn.split("::").at(-1))).not.toContain("mail-imap");
      environment("mail.connector;");
      await stack.up();
      expect(await stack.run("state", "unprotect", world.resource("mail").urn, "--yes")).toMatchObject({ code: 0 });
      await stack.destroy();
      expect(await emulator.writes()).toEqual([]);
      expect(await emulator.connectors()).toHaveLength(1);
    },
  },
  {
    name: "of two stacks on one application, the connector's owner is destroyed first",
    outcome: "`connector_in_use` until the other stack is destroyed; none of its grants is touched",
    rules: [4],
    run: async (world) => {
      const { emulator, stack } = world;
      await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const second = await world.anotherStack();
      const others = await world.given({ connector: "imap", mailboxes: { ops: world.mailbox(1) } }, second);
      await world.fails(["connector_in_use", "1 grant hangs on it", "made by a stack whose digest is"], "destroy");
      expect(world.ids(second)).toEqual(others);
      expect((await emulator.grants()).map(({ id }) => id)).toEqual(Object.values(others));
      await second.destroy();
      await stack.destroy();
      expect(await emulator.grants()).toEqual([]);
      expect(await emulator.connectors()).toEqual([]);
    },
  },
  {
    name: "of two stacks on one application, the one that refers to the connector is destroyed first",
    outcome: "it deletes its own grants only",
    rules: [4],
    run: async (world) => {
      const { emulator } = world;
      const own = await world.given({ mailboxes: { ops: world.mailbox(0) } });
      const second = await world.anotherStack();
      const others = await world.given({ connector: "imap", mailboxes: { ops: world.mailbox(1) } }, second);
      await second.destroy();
      expect(await emulator.writes()).toEqual([`DELETE /v3/grants/${others.ops}`]);
      expect((await emulator.grants()).map(({ id }) => id)).toEqual(Object.values(own));
      expect(await emulator.connectors()).toHaveLength(1);
    },
  },
  {
    name: "there is no connector",
    outcome: "`connector_missing` says what to declare; with it, the next `up` goes through",
    rules: [5, 10],
    run: async (world) => {
      const { stack } = world;
      world.declare({ connector: "imap", mailboxes: { ops: world.mailbox(0) } });
      await world.fails(["connector_missing", world.tells.newConnector], "up");
      expect(await world.authentications()).toBe(1);
      world.declare({ mailboxes: { ops: world.mailbox(0) } });
      await stack.up();
      expect(await world.addresses()).toEqual([world.mailbox(0).username]);
    },
  },
];
