import { afterAll, beforeAll, expect, it } from "vitest";
import { AUTHENTICATE, World } from "../../engine/world.js";
import type { Mailbox } from "../../support/programs.js";
import { AT, Dovecot } from "./dovecot.js";
import { describeWithDovecot } from "./installed.js";

const OPS = "ops@example.test";
const BILLING = "billing@example.test";
const AWKWARD = 'p"w\\ +%/&=?#[secret]$ %u';

let dovecot: Dovecot;

describeWithDovecot("A stack whose mailboxes are at Dovecot", () => {
  beforeAll(async () => {
    dovecot = await Dovecot.start({ [OPS]: "of the operators", [BILLING]: "of the accountants" });
  });

  afterAll(() => dovecot?.stop());

  story(
    "is made with both TLS modes after a preflight, is unchanged the second time, sends, and is destroyed",
    async (world) => {
      const { ports } = dovecot;
      const ids = await world.given({
        mailboxes: {
          ops: mailbox(OPS, { preflight: "enforce" }),
          billing: mailbox(BILLING, { preflight: "enforce", imapPort: ports.imap, smtpPort: ports.submission }),
        },
      });
      await world.unchanged();
      const message = { to: [{ email: OPS }], subject: "the bill", body: "" };
      await world.emulator.call("POST", `/v3/grants/${ids.billing}/messages/send`, message);
      const inbox = await world.emulator.call<{ subject: string }[]>("GET", `/v3/grants/${ids.ops}/messages`);
      expect(inbox.map(({ subject }) => subject)).toEqual(["the bill"]);
      await world.stack.destroy();
      expect(await world.emulator.grants()).toEqual([]);
    },
  );

  story("names a wrong password, asks once, and makes the grant with the right one", async (world) => {
    world.declare({ mailboxes: { ops: { ...mailbox(OPS), password: "mistyped by somebody" } } });
    await world.fails(["invalid_credentials", OPS], "up");
    expect(await world.authentications()).toBe(1);
    expect(await world.emulator.grants()).toEqual([]);
    world.declare({ mailboxes: { ops: mailbox(OPS) } });
    await world.stack.up();
    expect(await world.emulator.grants()).toMatchObject([{ email: OPS, grant_status: "valid" }]);
  });

  story("stops at a preflight that fails, says of each server why, and never asks Nylas", async (world) => {
    const { ports } = dovecot;
    const args = { preflight: "enforce", imapHost: AT.untrusted, smtpPort: 1 };
    world.declare({ connector: "imap", mailboxes: { ops: mailbox(OPS, args) } });
    const says = [
      "provider_not_responding",
      `IMAP at ${AT.untrusted}:${ports.imaps}: tls_certificate_untrusted`,
      `SMTP at ${AT.good}:1: refused`,
      "Nylas was not asked",
    ];
    await world.fails(says, "up");
    expect(await world.emulator.writes()).toEqual([]);
  });

  it("trusts a private authority only where it is given: here for the preflight, at Nylas for the grant", async () => {
    const trusting = await World.open({ ca: dovecot.ca });
    const wary = await World.open();
    try {
      const { ports } = dovecot;
      const declared = { connector: "imap" as const, mailboxes: { ops: mailbox(OPS, { preflight: "enforce" }) } };
      for (const world of [trusting, wary]) {
        await world.emulator.call("POST", "/v3/connectors", { provider: "imap", name: "mail" });
        await world.emulator.forgetRequests();
        world.declare(declared);
      }
      const says = [
        `IMAP at ${AT.good}:${ports.imaps}: tls_certificate_untrusted`,
        `SMTP at ${AT.good}:${ports.submissions}: tls_cert`,
      ];
      await trusting.fails([...says, "Nylas was not asked"], "up");
      expect(await trusting.emulator.writes()).toEqual([]);
      for (const world of [trusting, wary]) world.stack.env.NODE_EXTRA_CA_CERTS = dovecot.ca;
      const refused = await wary.fails(["provider_not_responding", `${AT.good}:${ports.imaps}`], "up");
      expect(refused.output).not.toContain("Preflight");
      expect(await wary.emulator.grants()).toEqual([]);
      await trusting.stack.up();
      expect(await trusting.emulator.grants()).toMatchObject([{ email: OPS, grant_status: "valid" }]);
      await Promise.all([trusting.check(), wary.check()]);
    } finally {
      await Promise.all([trusting.close(), wary.close()]);
    }
  });

  story("says that Nylas cannot reach the server, and is made when it can", async (world) => {
    world.declare({ mailboxes: { ops: mailbox(OPS, { imapHost: AT.expired }) } });
    await world.fails(["provider_not_responding", `${AT.expired}:${dovecot.ports.imaps}`], "up");
    expect(await world.emulator.grants()).toEqual([]);
    world.declare({ mailboxes: { ops: mailbox(OPS) } });
    await world.stack.up();
    expect(await world.emulator.grants()).toMatchObject([{ email: OPS, grant_status: "valid" }]);
  });

  story("heals a grant whose password was changed at the server, with the same id", async (world) => {
    const { emulator, stack } = world;
    const before = await world.given({ mailboxes: { ops: mailbox(OPS) } });
    await dovecot.setPassword(OPS, AWKWARD);
    await expect(emulator.call("GET", `/v3/grants/${before.ops}/messages`)).rejects.toThrow(": 401 ");
    expect(await emulator.grants()).toMatchObject([{ id: before.ops, grant_status: "invalid" }]);

    const refresh = await stack.refresh();
    expect(refresh.output).toContain("1 updated");
    expect(world.resource("ops").outputs).toMatchObject({ grantStatus: "invalid" });
    expect(await emulator.writes()).toEqual([]);

    world.declare({ mailboxes: { ops: mailbox(OPS) } });
    await stack.up();
    expect(await emulator.writes()).toEqual([AUTHENTICATE]);
    expect(world.ids()).toEqual(before);
    expect(world.resource("ops").outputs).toMatchObject({ grantStatus: "valid" });
    expect(await emulator.grants()).toMatchObject([{ id: before.ops, grant_status: "valid" }]);
    await emulator.call("GET", `/v3/grants/${before.ops}/messages`);
    await world.unchanged();
  });
});

function story(name: string, run: (world: World) => Promise<void>): void {
  it(name, async () => {
    const world = await World.open({ ca: dovecot.ca });
    world.stack.env.NODE_EXTRA_CA_CERTS = dovecot.ca;
    try {
      await run(world);
      await world.check();
    } finally {
      await world.close();
    }
  });
}

function mailbox(username: string, args: Record<string, unknown> = {}): Mailbox {
  const { ports } = dovecot;
  const servers = { imapHost: AT.good, imapPort: ports.imaps, smtpHost: AT.good, smtpPort: ports.submissions };
  return { username, password: dovecot.passwordOf(username), args: { ...servers, ...args } };
}
