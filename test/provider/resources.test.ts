import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
// Import the build: Pulumi serializes the provider's source text, which vitest's transformation would change.
import {
  ByoImapGrant,
  type ByoImapGrantArgs,
  ImapConnector,
  MailEnvironment,
  NylasError,
} from "../../provider/dist/index.js";
import { present } from "../../tools/harness/test-emulator.js";
import { makeWorkDirectory } from "../../tools/harness/work-directory.js";
import { Declarations, thrownBy } from "../support/mocks.js";

const root = join(import.meta.dirname, "../..");

const mailbox: ByoImapGrantArgs = {
  imapUsername: "ops@example.com",
  imapPassword: "correct horse",
  imapHost: "imap.example.com",
  smtpHost: "smtp.example.com",
};

const declared = new Declarations();

beforeAll(() => declared.install());
beforeEach(() => declared.forget());

describe("the application of a grant", () => {
  it("is its connector's", async () => {
    const connector = new ImapConnector("eu", { application: "nylas-eu" });
    const inherited = new ByoImapGrant("inherited", { ...mailbox, connector });
    expect(await declared.inputsOf(inherited)).toMatchObject({ application: "nylas-eu" });
    const same = new ByoImapGrant("same", { ...mailbox, connector, application: "nylas-eu" });
    expect(await declared.inputsOf(same)).toMatchObject({ application: "nylas-eu" });
  });

  it("is not sent when its connector has the default one, as in states of earlier versions", async () => {
    const connectors = [
      new ImapConnector("bare"),
      new ImapConnector("named", { application: "nylas" }),
      ImapConnector.get("read", "imap"),
    ];
    for (const [index, connector] of connectors.entries()) {
      const grant = new ByoImapGrant(`on-${index}`, { ...mailbox, connector });
      expect(await declared.inputsOf(grant)).not.toHaveProperty("application");
      expect(grant).not.toHaveProperty("application");
    }
  });

  it("is its own when the connector is not declared here", async () => {
    const grant = new ByoImapGrant("ops", { ...mailbox, connector: "imap", application: "nylas-eu" });
    expect(await declared.inputsOf(grant)).toMatchObject({ application: "nylas-eu" });
    expect(await declared.inputsOf(new ByoImapGrant("bare", mailbox))).not.toHaveProperty("application");
  });

  it.each([
    ["nylas-eu", "nylas"],
    [undefined, "nylas-eu"],
    ["nylas-eu", "nylas-us"],
  ])("of a connector of %s cannot be %s", async (connectors, application) => {
    const connector = new ImapConnector("imap", connectors === undefined ? {} : { application: connectors });
    const error = thrownBy(() => new ByoImapGrant("ops", { ...mailbox, connector, application }));
    expect(error).toBeInstanceOf(NylasError);
    expect(error).toMatchObject({ code: "invalid_input" });
    const says = `Declaring grant "ops": its application is "${application}", but its connector is of "${connectors ?? "nylas"}"`;
    expect(String(error)).toContain(says);
    expect(String(error)).toContain("leave `application` out");
    await declared.inputsOf(connector);
    expect(declared.names).toEqual(["imap"]);
  });

  it("is known of a connector of another copy of the package, and the default of one that does not tell", async ({
    onTestFinished,
  }) => {
    const copy = makeWorkDirectory("copy");
    onTestFinished(() => rmSync(copy, { recursive: true }));
    cpSync(join(root, "provider/dist"), join(copy, "dist"), { recursive: true });
    cpSync(join(root, "provider/package.json"), join(copy, "package.json"));
    const other: typeof import("../../provider/dist/index.js") = await import(
      pathToFileURL(join(copy, "dist/index.js")).href
    );
    expect(other.ImapConnector).not.toBe(ImapConnector);

    const connector = new other.ImapConnector("eu", { application: "nylas-eu" });
    expect(await declared.inputsOf(new ByoImapGrant("ops", { ...mailbox, connector }))).toMatchObject({
      application: "nylas-eu",
    });
    Reflect.deleteProperty(connector, "__application");
    expect(await declared.inputsOf(new ByoImapGrant("old", { ...mailbox, connector }))).not.toHaveProperty(
      "application",
    );
  });

  it("is that of the connector of a MailEnvironment, made by it or given", async () => {
    const { imapUsername, ...defaults } = mailbox;
    const mailboxes = { ops: { imapUsername } };
    const made = new MailEnvironment("made", { connector: { application: "nylas-eu" }, defaults, mailboxes });
    const connector = new ImapConnector("eu", { application: "nylas-eu" });
    const given = new MailEnvironment("given", { connector, defaults, mailboxes });
    const both = new MailEnvironment("both", { defaults: { ...defaults, application: "nylas-eu" }, mailboxes });
    for (const environment of [made, given, both]) {
      expect(await declared.inputsOf(present(environment.grants.ops))).toMatchObject({ application: "nylas-eu" });
    }
  });

  it("decides which API key must be a secret", ({ onTestFinished }) => {
    const connector = new ImapConnector("eu", { application: "nylas-eu" });
    pulumi.runtime.setAllConfig({ "nylas-eu:apiKey": "nyk_in_clear" });
    onTestFinished(() => pulumi.runtime.setAllConfig({}));
    const error = thrownBy(() => new ByoImapGrant("ops", { ...mailbox, connector }));
    expect(String(error)).toContain("pulumi config set --secret nylas-eu:apiKey");
  });
});

describe("the configuration", () => {
  const wrong = { "nylas:regoin": "eu" };
  const refused = expect.stringContaining("did you mean nylas:region?");

  beforeEach(({ onTestFinished }) => {
    onTestFinished(async () => {
      pulumi.runtime.setAllConfig({});
      await declared.install();
    });
  });

  /** Declares a connector, and says what it was refused for. */
  const refusalOf = (name: string, application?: string) =>
    String(thrownBy(() => new ImapConnector(name, { application })));

  /** Runs a program in this process, as Pulumi's Automation API does. */
  async function run(program: () => string[]): Promise<string[]> {
    const refusals: string[] = [];
    await pulumi.runtime.runInPulumiStack(async () => {
      refusals.push(...program());
    });
    return refusals;
  }

  it("is checked once in a run, and again in each later one of the process", async () => {
    const first = await run(() => {
      const before = refusalOf("first");
      pulumi.runtime.setAllConfig(wrong);
      return [before, refusalOf("second")];
    });
    expect(first).toEqual(["undefined", "undefined"]);
    expect(await run(() => [refusalOf("first")])).toEqual([refused]);
  });

  it("is checked for each application of a run", async () => {
    pulumi.runtime.setAllConfig(wrong);
    expect(await run(() => [refusalOf("eu", "nylas-eu"), refusalOf("us")])).toEqual(["undefined", refused]);
  });

  it("is refused for each resource as long as it is wrong", async () => {
    pulumi.runtime.setAllConfig(wrong);
    expect(await run(() => [refusalOf("first"), refusalOf("second")])).toEqual([refused, refused]);
  });

  it("is checked for each resource of a unit test, which has no stack", () => {
    expect(refusalOf("first")).toBe("undefined");
    pulumi.runtime.setAllConfig(wrong);
    expect(refusalOf("second")).toEqual(refused);
  });
});
