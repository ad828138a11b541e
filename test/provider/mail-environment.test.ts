import type * as pulumi from "@pulumi/pulumi";
import { beforeAll, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
// Import the build: Pulumi serializes the provider's source text, which vitest's transformation would change.
import {
  type ByoImapGrant,
  type ByoImapGrantArgs,
  ImapConnector,
  type MailboxDefaults,
  MailEnvironment,
  type MailEnvironmentArgs,
  NylasError,
} from "../../provider/dist/index.js";
import { present } from "../../tools/harness/test-emulator.js";
import { Declarations, resolved, thrownBy } from "../support/mocks.js";

const declared = new Declarations();

beforeAll(() => declared.install());
beforeEach(() => declared.forget());

const login = { imapUsername: "ops@example.com", imapPassword: "correct horse" };
const servers = { imapHost: "imap.example.com", smtpHost: "smtp.example.com" };

/** Expects a throw before any resource is registered. Returns the error's text. */
function refused(work: () => unknown): string {
  const error = thrownBy(work);
  expect(error).toBeInstanceOf(NylasError);
  expect(error).toMatchObject({ code: "invalid_input" });
  expect(declared.names).toEqual([]);
  return String(error);
}

describe("a MailEnvironment", () => {
  it("knows its mailboxes by name", async () => {
    const sales = { ...login, imapUsername: "sales@example.com" };
    const mail = new MailEnvironment("mail", { defaults: servers, mailboxes: { ops: login, sales } });
    expectTypeOf(mail.grants).toEqualTypeOf<Record<"ops" | "sales", ByoImapGrant>>();
    expectTypeOf(mail.grantIds).toEqualTypeOf<pulumi.Output<Record<"ops" | "sales", string>>>();
    expect(await resolved(mail.grants.sales.imapUsername)).toBe("sales@example.com");
    expect(await resolved(mail.grantIds.ops)).toBe("mail-ops");
    // @ts-expect-error no such mailbox
    expect(mail.grants.opps).toBeUndefined();
    // @ts-expect-error no such mailbox
    expect(await resolved(mail.grantIds.opps)).toBeUndefined();
  });

  it("with mailboxes from the configuration has any name", async () => {
    const addresses: Record<string, string> = { ops: "ops@example.com" };
    const mailboxes = Object.fromEntries(
      Object.entries(addresses).map(([name, imapUsername]) => [name, { ...login, imapUsername }]),
    );
    const mail: MailEnvironment = new MailEnvironment("mail", { defaults: servers, mailboxes });
    expectTypeOf(mail.grants).toEqualTypeOf<Record<string, ByoImapGrant>>();
    expect(await resolved(mail.grantIds)).toEqual({ ops: "mail-ops" });
  });

  it("has the connector that it made, or was given", async () => {
    const made = new MailEnvironment("made", { defaults: servers, mailboxes: { ops: login } });
    expectTypeOf(made.connector.applicationId).toEqualTypeOf<pulumi.Output<string>>();
    expect(await resolved(made.connector.urn)).toContain(
      "MailEnvironment$pulumi-nodejs:dynamic/nylas:ImapConnector::made",
    );
    const connector = new ImapConnector("imap");
    const given = new MailEnvironment("given", { connector, defaults: servers, mailboxes: { ops: login } });
    expect(given.connector).toBe(connector);
  });

  it("reads a connector that is managed elsewhere only if it is asked for, once, in the defaults' application", async () => {
    const defaults = { ...servers, application: "nylas-eu" };
    const mail = new MailEnvironment("far", { connector: "imap", defaults, mailboxes: { ops: login } });
    const names = () => declared.names.filter((name) => name.startsWith("far"));
    await resolved(mail.grantIds);
    expect(names()).toEqual(["far", "far-ops"]);
    expect(mail.connector).toBe(mail.connector);
    expect(await resolved(mail.connector.id)).toBe("imap");
    expect(await declared.inputsOf(mail.connector)).toMatchObject({ application: "nylas-eu" });
    // With the name of a connector that it makes, the engine would replace that one at the change to "imap".
    expect(names()).toEqual(["far", "far-ops", "far-imap"]);
  });
});

describe("a mailbox of a MailEnvironment", () => {
  it("has its own arguments before the defaults", async () => {
    const { grants, grantIds } = new MailEnvironment("mail", {
      defaults: servers,
      mailboxes: { ops: login, other: { ...login, imapHost: "other.example.com", smtpHost: undefined } },
    });
    expect(await resolved(grantIds)).toEqual({ ops: "mail-ops", other: "mail-other" });
    expect(await declared.inputsOf(present(grants.ops))).toMatchObject({ ...servers, connector: "mail" });
    const other = { imapHost: "other.example.com", smtpHost: servers.smtpHost };
    expect(await declared.inputsOf(present(grants.other))).toMatchObject(other);
  });

  it("sends through its own smtpHost, though the defaults only receive", async () => {
    const { grants } = new MailEnvironment("mixed", {
      defaults: { imapHost: "imap.example.com", receiveOnly: true },
      mailboxes: { ops: login, sales: { ...login, smtpHost: "smtp.example.com" } },
    });
    expect(await declared.inputsOf(present(grants.ops))).toMatchObject({ receiveOnly: true });
    expect(await declared.inputsOf(present(grants.sales))).not.toHaveProperty("receiveOnly");
  });

  // Only tsc checks these: an unused `@ts-expect-error` fails the compilation.
  it("must have a host when there are no defaults", () => {
    const text = refused(
      () =>
        new MailEnvironment("mail", {
          mailboxes: {
            // @ts-expect-error imapHost is missing
            ops: login,
          },
        }),
    );
    expect(text).toContain('Declaring MailEnvironment "mail": mailboxes.ops.imapHost is undefined');
  });

  it("must have what the defaults do not give for certain", () => {
    const perhaps: { imapHost: string | undefined } = { imapHost: undefined };
    const any: MailboxDefaults = {};
    const environments = [
      () =>
        new MailEnvironment("mail", {
          defaults: perhaps,
          mailboxes: {
            // @ts-expect-error imapHost may be undefined
            ops: login,
          },
        }),
      () =>
        new MailEnvironment("mail", {
          defaults: any,
          mailboxes: {
            // @ts-expect-error imapHost is missing
            ops: login,
          },
        }),
      () =>
        new MailEnvironment("mail", {
          defaults: servers,
          mailboxes: {
            // @ts-expect-error either form of the password is missing
            ops: { imapUsername: "ops@example.com" },
          },
        }),
    ];
    for (const environment of environments) expect(refused(environment)).toContain("mailboxes.ops.");
  });

  it("may be declared apart from its environment", async () => {
    const args: MailEnvironmentArgs<typeof servers> = { defaults: servers, mailboxes: { ops: login } };
    const full: MailEnvironmentArgs = { connector: "imap", mailboxes: { sales: { ...login, ...servers } } };
    const environments: MailEnvironment[] = [new MailEnvironment("a", args), new MailEnvironment("b", full)];
    const ids = await Promise.all(environments.map(({ grantIds }) => resolved(grantIds)));
    expect(ids).toEqual([{ ops: "a-ops" }, { sales: "b-sales" }]);
  });

  it("without a password is named with the key to set, before anything is made", () => {
    // Looking up a missing name gives undefined, although the type says string.
    const passwords: Record<string, string> = { ops: "correct horse" };
    const mailboxes = Object.fromEntries(
      ["ops", "sales", "on call"].map((name) => [
        name,
        { imapUsername: `${name}@example.com`, imapPassword: passwords[name] as string },
      ]),
    );
    const text = refused(() => new MailEnvironment("mail", { defaults: servers, mailboxes }));
    expect(text).toContain('mailboxes.sales.imapPassword, mailboxes["on call"].imapPassword are undefined');
    expect(text).toContain("pulumi config set --secret");
    expect(text).not.toContain("correct horse");
  });

  it("is one of the first ten that a message lists", () => {
    const names = Array.from({ length: 12 }, (_, index) => `m${index}`);
    const nothing = { ...servers, imapUsername: "ops@example.com" } as ByoImapGrantArgs;
    const mailboxes = Object.fromEntries(names.map((name) => [name, nothing]));
    const text = refused(() => new MailEnvironment("mail", { mailboxes }));
    expect(text).toContain("mailboxes.m9.imapPassword and 2 more are undefined");
    expect(text).not.toContain("mailboxes.m10");
  });

  it("cannot be of another application than the connector, before anything is made", async () => {
    const mailboxes = { ops: login, sales: { ...login, application: "nylas-us" } };
    const text = refused(
      () => new MailEnvironment("mail", { connector: { application: "nylas-eu" }, defaults: servers, mailboxes }),
    );
    expect(text).toContain('Declaring grant "mail-sales": its application is "nylas-us"');
    expect(refused(() => new MailEnvironment("mail", { defaults: servers, mailboxes }))).toContain('of "nylas"');

    const connector = new ImapConnector("eu", { application: "nylas-eu" });
    await declared.inputsOf(connector);
    declared.forget();
    const defaults = { ...servers, application: "nylas" };
    const given = refused(() => new MailEnvironment("mail", { connector, defaults, mailboxes: { ops: login } }));
    expect(given).toContain('its connector is of "nylas-eu"');
  });
});
