import * as pulumi from "@pulumi/pulumi";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type AccessError,
  type AlreadyExistsError,
  ByoImapGrant,
  type ByoImapGrantArgs,
  type ConnectorError,
  CredentialsError,
  type GrantStatus,
  getGrant,
  getGrantOutput,
  hostedAuthUrlOutput,
  type InvalidInputError,
  type MailboxArgs,
  type MailboxSettings,
  MailEnvironment,
  type MailServerError,
  NotFoundError,
  NylasError,
  type NylasErrorCode,
  type NylasErrorFacts,
  UnavailableError,
  type UnexpectedResponseError,
} from "../../provider/dist/index.js";

// `tsc` checks what this file expects of types: `expectTypeOf`, and each `@ts-expect-error`.

const facts = { operation: "Trying", answer: "it failed", remedy: "try again" };

describe("the code of a caught error", () => {
  it("is one of all codes for a NylasError, and one of its own for each subclass", () => {
    const caught: unknown = new CredentialsError({ ...facts, code: "auth_limit_reached" });
    if (!(caught instanceof NylasError)) throw caught;
    expectTypeOf(caught.code).toEqualTypeOf<NylasErrorCode>();
    // @ts-expect-error no such code
    expect(caught.code === "auth_limit_reach").toBe(false);
    if (!(caught instanceof CredentialsError)) throw caught;
    expectTypeOf(caught.code).toEqualTypeOf<"invalid_credentials" | "auth_limit_reached">();
    expect(caught.code).toBe("auth_limit_reached");
    expect(Object.keys(caught)).toContain("code");
  });

  it("is of exactly one subclass", () => {
    type Codes =
      | AccessError["code"]
      | AlreadyExistsError["code"]
      | ConnectorError["code"]
      | CredentialsError["code"]
      | InvalidInputError["code"]
      | MailServerError["code"]
      | NotFoundError["code"]
      | UnavailableError["code"]
      | UnexpectedResponseError["code"];
    expectTypeOf<Codes>().toEqualTypeOf<NylasErrorCode>();
  });

  it("cannot be that of another class", () => {
    const timeout: NylasErrorFacts<"timeout"> = { ...facts, code: "timeout" };
    expect(new UnavailableError(timeout).name).toBe("UnavailableError");
    // @ts-expect-error a NotFoundError has the code `not_found`
    expect(new NotFoundError(timeout)).toBeInstanceOf(NylasError);
  });
});

describe("the arguments of hostedAuthUrlOutput", () => {
  it("may be outputs, and have no other names", () => {
    const link = { clientId: pulumi.output("id"), redirectUri: "http://localhost:3000/" };
    expectTypeOf(hostedAuthUrlOutput(link)).toEqualTypeOf<pulumi.Output<string>>();
    // @ts-expect-error the name is loginHint
    expectTypeOf(hostedAuthUrlOutput({ ...link, hint: "ops@example.com" })).toEqualTypeOf<pulumi.Output<string>>();
  });
});

describe("the arguments of getGrant", () => {
  it("are an id or an address, and not both", () => {
    const id = "an-id";
    const email = "ops@example.com";
    const calls = () => [
      getGrant({ id }),
      getGrant({ email }),
      // @ts-expect-error neither
      getGrant({}),
      // @ts-expect-error both
      getGrant({ id, email }),
    ];
    const outputs = () => [
      getGrantOutput({ id: pulumi.output(id) }),
      getGrantOutput({ email: pulumi.output(email) }),
      // @ts-expect-error neither
      getGrantOutput({}),
      // @ts-expect-error both
      getGrantOutput({ id: pulumi.output(id), email }),
    ];
    expectTypeOf(calls).returns.items.resolves.toHaveProperty("grantStatus").toEqualTypeOf<GrantStatus>();
    expectTypeOf(outputs).returns.items.toHaveProperty("email").toExtend<pulumi.Output<string | undefined>>();
  });
});

/** The program has these as inputs. */
declare const password: pulumi.Output<string>;
declare const host: Promise<string>;

const login = { imapUsername: "ops@example.com", imapHost: "imap.example.com" };
const reference = { imapPasswordFrom: { env: "OPS_PASSWORD" } };

// Only compiled: what happens at run time is the provider's, and tested with it.
describe("the arguments of a grant", () => {
  it("have one password, and SMTP settings unless the mailbox only receives", () => {
    const grants = () => [
      new ByoImapGrant("sends", { ...login, imapPassword: password, smtpHost: host }),
      new ByoImapGrant("receives", { ...login, ...reference, receiveOnly: true }),
      new ByoImapGrant("says so", { ...login, ...reference, smtpHost: "smtp.example.com", receiveOnly: false }),
      // @ts-expect-error no password
      new ByoImapGrant("none", { ...login, smtpHost: host }),
      // @ts-expect-error two passwords
      new ByoImapGrant("both", { ...login, ...reference, imapPassword: password, smtpHost: host }),
      // @ts-expect-error no SMTP settings
      new ByoImapGrant("mute", { ...login, imapPassword: password }),
      // @ts-expect-error a port is not enough
      new ByoImapGrant("port", { ...login, imapPassword: password, smtpPort: 465 }),
    ];
    expectTypeOf(grants).returns.items.toEqualTypeOf<ByoImapGrant>();
  });

  it("may be shared, spread, chosen, passed on and extended", () => {
    const receiving = { ...login, receiveOnly: true };
    const chosen = (byValue: boolean, sends: boolean) => ({
      ...(byValue ? { imapPassword: password } : reference),
      ...(sends ? { smtpHost: host } : { receiveOnly: true }),
    });
    const declare = (name: string, args: ByoImapGrantArgs) => new ByoImapGrant(name, { ...args, verify: false });
    const onConnector = (args: MailboxArgs) => new ByoImapGrant("ops", { ...args, connector: "imap" });
    type Tagged = ByoImapGrantArgs & { tag: string };
    const tagged = ({ tag, ...args }: Tagged) => new ByoImapGrant(tag, args);
    interface Team extends Pick<MailboxSettings, "imapUsername" | "imapHost"> {
      members: string[];
    }
    const team = ({ members, ...settings }: Team) =>
      members.map((name) => declare(name, { ...settings, ...chosen(true, false) }));
    const grants = () => [
      declare("shared", { ...receiving, imapPassword: password }),
      onConnector({ ...login, ...chosen(false, true) }),
      tagged({ tag: "ops", ...receiving, ...reference }),
      ...team({ members: ["ops"], ...login }),
    ];
    expectTypeOf(grants).returns.items.toEqualTypeOf<ByoImapGrant>();
  });
});

describe("the mailboxes of a MailEnvironment", () => {
  const smtp = { smtpHost: "smtp.example.com" };

  it("have in them or in the defaults what a grant must have", () => {
    const environments = () => [
      new MailEnvironment("mail", { mailboxes: { ops: { ...login, ...smtp, imapPassword: password } } }),
      new MailEnvironment("mail", { defaults: { ...smtp, ...reference }, mailboxes: { ops: login } }),
      new MailEnvironment("mail", { defaults: { ...reference, receiveOnly: true }, mailboxes: { ops: login } }),
      new MailEnvironment("own", {
        defaults: { ...smtp, ...reference },
        mailboxes: { ops: { ...login, imapPassword: password } },
      }),
      new MailEnvironment("none", {
        defaults: smtp,
        // @ts-expect-error no password
        mailboxes: { ops: login },
      }),
      new MailEnvironment("both", {
        defaults: smtp,
        // @ts-expect-error two passwords
        mailboxes: { ops: { ...login, ...reference, imapPassword: password } },
      }),
      new MailEnvironment("mute", {
        defaults: reference,
        // @ts-expect-error no SMTP settings
        mailboxes: { ops: login },
      }),
    ];
    expectTypeOf(environments).returns.items.toExtend<MailEnvironment>();
  });

  it("may rely on defaults that are known only when the program runs", () => {
    const config = new pulumi.Config();
    const defaults = { imapPassword: config.get("password"), smtpHost: config.get("smtpHost") };
    const environment = () => new MailEnvironment("mail", { defaults, mailboxes: { ops: login } });
    expectTypeOf(environment).returns.toExtend<MailEnvironment>();
  });
});
