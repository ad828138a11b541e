import { expect, it } from "vitest";
import { AUTHENTICATE } from "../engine/world.js";
import { natively } from "./natively.js";

const FLAGS = ["--yes", "--protect=false", "--generate-code=false"];

it("a grant and a connector are imported by id without a write; the next `up` asks for the password, and keeps the id", () =>
  natively(async (world) => {
    const { emulator, stack } = world;
    await emulator.call("POST", "/v3/connectors", { provider: "imap" });
    const { id } = await emulator.foreignGrant(0);
    await emulator.forgetRequests();
    const imports = [
      await stack.run("import", "nylas:index:ImapConnector", "imap", "imap", ...FLAGS),
      await stack.run("import", "nylas:index:ByoImapGrant", "ops", id, ...FLAGS),
    ];
    for (const { code, output } of imports) {
      expect(code, output).toBe(0);
      expect(output).not.toContain("failed to validate");
    }
    expect(await emulator.writes()).toEqual([]);
    expect(world.ids()).toEqual({ ops: id });

    world.declare({ mailboxes: { ops: world.mailbox(0, { args: { imapPassword: undefined } }) } });
    await world.fails(["imapPassword or imapPasswordFrom is required"], "up");
    expect(await emulator.writes()).toEqual([]);

    world.declare({ mailboxes: { ops: world.mailbox(0) } });
    await stack.up();
    expect(await emulator.writes()).toEqual([AUTHENTICATE]);
    expect(world.ids()).toEqual({ ops: id });
    await world.unchanged();
    // It was there before.
    await stack.destroy();
    expect((await emulator.grants()).map((grant) => grant.id)).toEqual([id]);
    world.leaves(id);
  }));

it("an id that does not exist is not imported", () =>
  natively(async (world) => {
    await world.fails(
      ["not_found", "no such grant"],
      "import",
      "nylas:index:ByoImapGrant",
      "ops",
      "no-such-grant",
      ...FLAGS,
    );
    expect(world.ids()).toEqual({});
  }));
