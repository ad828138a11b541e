import { expect, it } from "vitest";
import { TestEmulator } from "../../tools/harness/test-emulator.js";
import { configureFirstOfTwoKeys } from "../engine/key-proxy.js";
import { AUTHENTICATE, CONNECT } from "../engine/world.js";
import { CLASSES, type Mailbox } from "../support/programs.js";
import { createStack } from "../support/stack.js";
import { natively } from "./natively.js";

it("two explicit providers serve two applications, and take nothing from the environment", () =>
  natively(async (world) => {
    const { emulator, stack } = world;
    const second = await world.anotherApplication();
    const provider = ({ apiKey, apiUri }: { apiKey: string; apiUri: string }) => JSON.stringify({ apiKey, apiUri });
    const { username: user, password } = second.user(0);
    const theirs = {
      imapUsername: user,
      imapPassword: password,
      imapHost: second.imap.host,
      imapPort: second.imap.port,
      receiveOnly: true,
    };
    const options = {
      before: [
        `const one = new Provider("one", ${provider(emulator.emulator)});`,
        `const two = new Provider("two", ${provider(second.emulator)});`,
      ].join("\n"),
      connectorOpts: "{ provider: one }",
      mailboxes: { ops: world.mailbox(0, { opts: "{ provider: one }" }) },
      more: [
        'const imap2 = new ImapConnector("imap2", {}, { provider: two });',
        `grants.theirs = new ByoImapGrant("theirs", { connector: imap2, ...${JSON.stringify(theirs)} }, { provider: two });`,
      ].join("\n"),
    };
    // The default provider's key is of the first application; the environment's is of none.
    await stack.config({}, { "nylas:apiKey": emulator.emulator.apiKey });
    stack.env.NYLAS_API_KEY = world.secret("nyk_of_nobody");
    world.declare(options);
    await stack.up();
    expect(await emulator.writes()).toEqual([CONNECT, AUTHENTICATE]);
    expect(await second.writes()).toEqual([CONNECT, AUTHENTICATE]);
    await world.unchanged();
    await stack.refresh();
    await stack.destroy();
    expect([await emulator.grants(), await second.grants()]).toEqual([[], []]);
  }));

it("a provider whose key is refused does not turn to the environment's or the default provider's", () =>
  natively(async (world) => {
    const { emulator, stack } = world;
    await stack.config({}, { "nylas:apiKey": emulator.emulator.apiKey });
    const wrong = { apiKey: world.secret("nyk_refused"), apiUri: emulator.emulator.apiUri };
    world.declare({
      before: `const one = new Provider("one", ${JSON.stringify(wrong)});`,
      connectorOpts: "{ provider: one }",
    });
    await world.fails(
      ["api_key_refused", "check `region` of the provider in the program, then give a valid key in `apiKey` of"],
      "up",
    );
    expect(await emulator.writes()).toEqual([]);
  }));

it("a provider whose settings are wrong is told of its own arguments, and of the environment if it has no key of its own", () =>
  natively(async (world) => {
    const { emulator, stack } = world;
    const european = world.owns(await TestEmulator.start({ mail: false, region: "eu" }));
    const declare = (settings: object) =>
      world.declare({
        before: `const one = new Provider("one", ${JSON.stringify(settings)});`,
        connectorOpts: "{ provider: one }",
      });
    const { apiKey, apiUri } = european.emulator;
    const wanted = "`region` of the provider in the program";
    declare({ apiKey, apiUri });
    const { output } = await stack.up();
    expect(output).toMatch(
      new RegExp(`${wanted} is us, but application \\S+ is in eu: if the key is the right one, set ${wanted} to eu`),
    );
    expect(output).not.toContain("pulumi config set");
    await stack.destroy();

    declare({ apiKey, apiUri, region: "mars" });
    await world.fails([`${wanted} is "mars"`, `correct ${wanted}\n`], "up");
    declare({ region: "mars" });
    await world.fails([`correct ${wanted} or NYLAS_REGION\n`], "up");
    expect(await emulator.requests()).toEqual([]);
  }));

it("a mailbox that is given another application's provider stays where it is, and the error tells how to move it", () =>
  natively(async (world) => {
    const { emulator, stack } = world;
    const second = await world.anotherApplication();
    for (const application of [emulator, second])
      await application.call("POST", "/v3/connectors", { provider: "imap" });
    const provider = ({ apiKey, apiUri }: { apiKey: string; apiUri: string }) => JSON.stringify({ apiKey, apiUri });
    const before = [
      `const one = new Provider("one", ${provider(emulator.emulator)});`,
      `const two = new Provider("two", ${provider(second.emulator)});`,
    ].join("\n");
    const declare = (mailboxes: Record<string, Mailbox>) => world.declare({ connector: "imap", before, mailboxes });
    const [inFirst, inSecond] = [
      world.mailbox(0, { opts: "{ provider: one }" }),
      world.mailbox(0, { opts: "{ provider: two }" }),
    ];
    declare({ ops: inFirst });
    await stack.up();
    const [made] = await emulator.grants();
    declare({ ops: inSecond });
    await stack.up();
    const says = ["wrong_application", "give the resource its earlier provider again", "take it out of the program"];
    await world.fails(says, "refresh");
    await world.fails(says, "destroy");
    expect(await emulator.grants()).toMatchObject([{ id: made?.id }]);

    declare({ ops: inFirst });
    await stack.up();
    await stack.refresh();
    declare({});
    await stack.up();
    const { imap, smtp } = second;
    // The second application reaches the mail servers of its own emulator alone.
    const servers = { imapHost: imap.host, imapPort: imap.port, smtpHost: smtp.host, smtpPort: smtp.port };
    declare({ ops: { ...second.user(0), args: servers, opts: "{ provider: two }" } });
    await stack.up();
    expect([await emulator.grants(), await second.grants()]).toMatchObject([[], [{}]]);
  }));

it("a rotated key works in a plain refresh and destroy", () =>
  natively(async (world) => {
    const { emulator, stack } = world;
    const { proxy, old, fresh } = await configureFirstOfTwoKeys(world);
    await world.given({ mailboxes: { ops: world.mailbox(0) } });
    proxy.revoke(old);
    await stack.config({}, { "nylas:apiKey": fresh });
    await stack.refresh();
    await stack.destroy();
    expect(await emulator.grants()).toEqual([]);
  }));

it("a project that is called nylas has its own configuration beside the settings", async () => {
  const emulator = await TestEmulator.start({ mail: false });
  const { apiKey, apiUri } = emulator.emulator;
  const program = [
    'const pulumi = require("@pulumi/pulumi");',
    `const { ImapConnector } = require(${JSON.stringify(CLASSES.native)});`,
    'new ImapConnector("imap", { name: new pulumi.Config().require("title") });',
  ].join("\n");
  const stack = await createStack({ project: "nylas", program });
  try {
    await stack.config({ "nylas:apiUri": apiUri, "nylas:title": "mail" }, { "nylas:apiKey": apiKey });
    await stack.up();
    expect(await emulator.connectors()).toHaveLength(1);
  } finally {
    stack.remove();
    await emulator.close();
  }
});

it("unknown settings are refused with the nearest one", () =>
  natively(async (world) => {
    const { emulator, stack } = world;
    world.declare({ mailboxes: { ops: world.mailbox(0) } });
    await stack.config({ "nylas:apiURL": "https://api.example.com" });
    await world.fails(['"apiURL" is not a setting; did you mean "apiUri"?'], "preview");
    await stack.run("config", "rm", "nylas:apiURL");
    await stack.config({}, { "nylas:apiKey": emulator.emulator.apiKey });
    world.declare({
      before: `const eu = new Provider("default_eu", ${JSON.stringify({ apiKey: world.secret("nyk_of_another") })});`,
      connectorOpts: "{ provider: eu }",
    });
    await world.fails(['"default_eu" is a name that the engine gives to its own providers'], "preview");
    expect(await emulator.requests()).toEqual([]);
  }));
