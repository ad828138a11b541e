import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { connectorLifecycle } from "../../provider/src/core/connector/lifecycle.js";
import type { PublicArgumentName as ConnectorArgument } from "../../provider/src/core/connector/properties.js";
import { credentials } from "../../provider/src/core/grant/credentials.js";
import { grantLifecycle } from "../../provider/src/core/grant/lifecycle.js";
import type { PublicArgumentName as GrantArgument } from "../../provider/src/core/grant/properties.js";
import { passwordsLeavingState, readGrantArguments } from "../../provider/src/core/grant/properties.js";
import { UNKNOWN_HOST, UNKNOWN_PASSWORD } from "../../provider/src/core/grant/sendable.js";
import type { RecordLifecycle } from "../../provider/src/core/lifecycle.js";
import type { Property } from "../../provider/src/core/properties/table.js";
import { UNKNOWN } from "../../provider/src/core/properties/validate.js";
import type { ImapConnectorArgs } from "../../provider/src/program/connector.js";
import type { ByoImapGrantArgs } from "../../provider/src/program/grant.js";
import { here } from "../support/here.js";

const good = {
  imapUsername: "ops@example.com",
  imapPassword: "correct horse",
  imapHost: "imap.example.com",
  smtpHost: "smtp.example.com",
};

afterEach(() => vi.unstubAllEnvs());

it("each argument of the classes has a row in its property table, and each row an argument", () => {
  // The compiler checks both; a difference fails the type check of the tests.
  expectTypeOf<keyof ByoImapGrantArgs>().toEqualTypeOf<GrantArgument>();
  expectTypeOf<keyof ImapConnectorArgs>().toEqualTypeOf<ConnectorArgument>();
});

const reasons = (lifecycle: RecordLifecycle, given: Record<string, unknown>) =>
  lifecycle.check(here(), given).failures.map((failure) => failure.reason);

describe("the arguments of a grant", () => {
  it("are taken with defaults filled in, and a digest in the place of the password", () => {
    const { imapPassword: _, ...others } = good;
    const imapPasswordDigest = expect.stringMatching(/^[\w-]{11}:[\w-]{22}$/);
    const inputs = { ...others, imapPasswordDigest, imapPort: 993, smtpPort: 465 };
    expect(grantLifecycle.check(here(), good)).toEqual({ inputs, failures: [] });
    expect(grantLifecycle.check(here(), good)).toEqual(grantLifecycle.check(here(), good));
  });

  it("have a digest that differs between resources and between passwords", () => {
    const digest = (change: object) => grantLifecycle.check(here(), { ...good, ...change }).inputs.imapPasswordDigest;
    const digests = [{ owner: "0a" }, { owner: "0b" }, { owner: "0a", imapPassword: "other" }].map(digest);
    expect(new Set(digests).size).toBe(digests.length);
  });

  it("do not move a grant of version 0.1.0 into its connector's application unasked", () => {
    const before = { ...good, owner: "0a" };
    const inherited = { ...good, owner: "0a", stack: "0b", application: "nylas-eu" };
    const said = grantLifecycle.check(here(), inherited, before).failures.map(({ reason }) => reason);
    expect(said).toEqual([expect.stringContaining('connector: "imap"')]);
    expect(grantLifecycle.check(here(), inherited, { ...before, stack: "0b" }).failures).toEqual([]);
    expect(grantLifecycle.check(here(), { ...inherited, application: undefined }, before).failures).toEqual([]);
    expect(grantLifecycle.check(here(), inherited, { ...before, application: "nylas" }).failures).toEqual([]);
    expect(grantLifecycle.check(here(), inherited, {}).failures).toEqual([]);
  });

  it.each([
    ["imapUsername", "ops@example.com ", "without blanks"],
    ["imapUsername", "ops team@example.com", "without blanks"],
    ["imapUsername", "ops\u00a0@example.com", "without blanks"],
    ["imapUsername", "ops@example.com\n", "without blanks"],
    ["imapUsername", "ops\u0000@example.com", "control characters"],
    ["imapUsername", "ops@example.com\u001b[31m", "control characters"],
    ["imapUsername", "ops\u200b@example.com", "invisible ones"],
    ["imapUsername", "\u202eops@example.com", "invisible ones"],
    ["imapUsername", "ops\ud800@example.com", "invisible ones"],
    ["imapUsername", "ops@", 'before and after the "@"'],
    ["imapUsername", "@example.com", 'before and after the "@"'],
    ["imapUsername", "@", 'before and after the "@"'],
    ["imapUsername", "ops@@example.com", 'before and after the "@"'],
    ["imapUsername", "", "must not be empty"],
    ["imapHost", "imaps://imap.example.com", "without a scheme"],
    ["imapHost", "imap.example.com:993", "without a port"],
    ["imapHost", "imap.example.com ", "must not contain blanks"],
    ["imapHost", "imap/example", "must be a host name"],
    ["imapPort", "993", "must be a number"],
    ["imapPort", 99.5, "whole number"],
    ["imapPort", 0, "from 1 to 65535"],
    ["imapPort", 65536, "from 1 to 65535"],
    ["smtpHost", "-bad-.example", "must be a host name"],
    ["receiveOnly", "yes", "true or false"],
    ["onExisting", "overwrite", '"fail" or "adopt"'],
    ["preflight", "on", '"off" or "warn" or "enforce"'],
    ["connector", "google", 'must be "imap"'],
    ["credentialVersion", true, "a string or a number"],
  ])("%s = %j is refused", (property, value, message) => {
    const { failures } = grantLifecycle.check(here(), { ...good, [property]: value });
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({ property });
    expect(failures[0]?.reason).toContain(message);
  });

  it.each(["localhost", "127.0.0.1", "::1", "mail.bücher.example", "host.", "a_b.example"])(
    "%s is a host",
    (imapHost) => {
      expect(reasons(grantLifecycle, { ...good, imapHost })).toEqual([]);
    },
  );

  it.each([
    "o'brien@example.com",
    "r&d@example.com",
    "ops+tag@example.com",
    "ops@localhost",
    "ops@bücher.example",
    "ops@xn--bcher-kva.example",
    "jörg@example.com",
    "運用@例え.example",
    "ops@نامه\u200cای.example",
    "ops@[192.0.2.1]",
    "ops",
    "CORP\\ops",
    "ops@example.com\\shared",
  ])("%s is an address or a log-in name", (imapUsername) => {
    expect(reasons(grantLifecycle, { ...good, imapUsername })).toEqual([]);
  });

  it.each(["imapPassword", "smtpPassword", "smtpPasswordFrom", "application"])(
    "a bad %s is reported without the property, whose value would be printed",
    (property) => {
      for (const value of ["", "secret\n", 12345]) {
        const { failures } = grantLifecycle.check(here(), { ...good, [property]: value });
        expect(failures).toHaveLength(1);
        expect(failures[0]?.property).toBe("");
        expect(failures[0]?.reason).toContain(property);
        expect(failures[0]?.reason).not.toMatch(/secret|12345/);
      }
    },
  );

  it.each([["a creation", undefined] as const, ["an unchanged mailbox", good] as const])(
    "a value of a wrong type is not shown in the check of %s",
    (_, olds) => {
      for (const [name, { secret, mayHoldSecret }] of Object.entries<Property>(grantLifecycle.properties)) {
        if (secret !== true && mayHoldSecret !== true) continue;
        for (const value of [24_680_135, true, ["in a list"], { in: "an object" }, { env: 24_680_135 }]) {
          const { failures } = grantLifecycle.check(here(), { ...good, [name]: value }, olds);
          const text = JSON.stringify(failures);
          expect(text, `${name}: ${JSON.stringify(value)}`).toContain(name);
          expect(text).not.toMatch(/24680135|in a list|an object|true/);
        }
      }
    },
  );

  it.each([
    "Calling [toString] on an [Output<T>] is not supported.",
    "Calling __str__ on an Output[T] is not supported.",
    "Calling 'toString' on an 'Output<T>' is not supported.",
  ])("refuse a text that an SDK has put an output into: %s", (text) => {
    const inputs = { ...good, imapUsername: `${text}@example.test` };
    expect(reasons(grantLifecycle, inputs)).toEqual([expect.stringContaining("imapUsername has an output inside")]);
  });

  it("names every missing one at once", () => {
    expect(reasons(grantLifecycle, {})).toEqual([
      expect.stringContaining("imapUsername is required"),
      expect.stringContaining("imapHost is required"),
      expect.stringContaining("imapPassword or imapPasswordFrom is required"),
      expect.stringContaining("smtpHost is required"),
    ]);
  });

  it("reports a missing one without the property, whose value would be printed as <nil>", () => {
    const { failures } = grantLifecycle.check(here(), {});
    expect(failures.map(({ property }) => property)).toEqual(["", "", "", ""]);
  });

  it("needs SMTP settings unless it only receives", () => {
    const { smtpHost: _, ...receiving } = good;
    expect(reasons(grantLifecycle, receiving)).toEqual([expect.stringContaining("smtpHost is required")]);
    expect(reasons(grantLifecycle, { ...receiving, receiveOnly: true })).toEqual([]);
    expect(reasons(grantLifecycle, { ...receiving, receiveOnly: UNKNOWN })).toEqual([]);
  });

  it("names the nearest argument for an unknown one, and never its value", () => {
    expect(reasons(grantLifecycle, { ...good, imapPasword: "hunter2" })).toEqual([
      '"imapPasword" is not an argument; did you mean "imapPassword"?',
    ]);
    expect(reasons(grantLifecycle, { ...good, colour: "blue" })[0]).toContain("the arguments are imapUsername");
    expect(reasons(grantLifecycle, { ...good, owners: "x" })[0]).not.toContain('"owner"');
  });

  it("pass the check while they are unknown", () => {
    const unknown = Object.fromEntries(Object.keys(good).map((name) => [name, UNKNOWN]));
    expect(reasons(grantLifecycle, { ...unknown, imapPort: UNKNOWN, smtpPort: UNKNOWN, verify: UNKNOWN })).toEqual([]);
  });
});

describe("the arguments of a connector", () => {
  it("are checked alike", () => {
    expect(reasons(connectorLifecycle, {})).toEqual([]);
    expect(reasons(connectorLifecycle, { name: "" })).toEqual(["name must not be empty"]);
    expect(reasons(connectorLifecycle, { forceDelte: true })).toEqual([
      '"forceDelte" is not an argument; did you mean "forceDelete"?',
    ]);
  });
});

describe("the plan for a grant", () => {
  const olds = { ...good, imapPort: 993, smtpPort: 465, grantStatus: "valid", grantId: "g" };
  const diff = (news: Record<string, unknown>, before: Record<string, unknown> = olds) =>
    grantLifecycle.diff(before, { ...good, imapPort: 993, smtpPort: 465, ...news });

  it("is empty when nothing has changed", () => {
    expect(diff({})).toEqual({ changed: [], replaces: [] });
    expect(diff({ receiveOnly: false, onExisting: "fail", verify: true, application: "nylas" })).toEqual({
      changed: [],
      replaces: [],
    });
  });

  it("ignores fields that Nylas adds", () => {
    expect(diff({}, { ...olds, workspaceId: "w", blocked: false })).toEqual({ changed: [], replaces: [] });
  });

  it("takes another owner, as after a rename with an alias, down in the state", () => {
    expect(diff({ owner: "b" }, { ...olds, owner: "a" })).toEqual({ changed: ["owner"], replaces: [] });
  });

  it.each([
    { imapPassword: "other" },
    { imapHost: "imap2.example.com" },
    { imapPort: 143 },
    { smtpHost: "smtp2.example.com" },
    { smtpPort: 587 },
    { smtpUsername: "relay" },
    { smtpPassword: "x" },
    { receiveOnly: true },
    { credentialVersion: 2 },
    { onExisting: "adopt" },
    { deleteAdopted: true },
    { verify: false },
    { imapUsername: "OPS@example.com" },
    { imapUsername: "ops@example.com." },
    { imapPassword: UNKNOWN },
    { imapUsername: UNKNOWN },
  ])("updates in place for %j", (news) => {
    expect(diff(news)).toEqual({ changed: Object.keys(news), replaces: [] });
  });

  it.each([{ imapUsername: "other@example.com" }, { application: "nylas-eu" }])("replaces for %j", (news) => {
    expect(diff(news)).toEqual({ changed: Object.keys(news), replaces: Object.keys(news) });
  });

  it("keeps an imported grant, which has no owner, where the program gives the mailbox's log-in name", () => {
    const imported = { ...olds, owner: undefined };
    for (const before of [imported, { ...imported, imapUsername: undefined }]) {
      expect(diff({ imapUsername: "CORP\\ops" }, before).replaces).toEqual([]);
    }
    expect(diff({ imapUsername: "CORP\\ops" }, { ...olds, owner: "a" }).replaces).toEqual(["imapUsername"]);
  });

  it("heals a grant that Nylas calls invalid, and one that was not verified", () => {
    expect(diff({}, { ...olds, grantStatus: "invalid" })).toEqual({ changed: ["grantStatus"], replaces: [] });
    expect(diff({}, { ...olds, verified: false })).toEqual({ changed: ["verified"], replaces: [] });
    expect(diff({ verify: false }, { ...olds, verified: false, verify: false })).toEqual({
      changed: [],
      replaces: [],
    });
  });
});

it("an imported grant that gets its log-in name is not called one that has yet to be made", () => {
  const imported = {
    ...good,
    imapUsername: "ops@example.com",
    imapPasswordDigest: "imported",
    imapPassword: undefined,
  };
  const source = { imapPassword: undefined, imapPasswordFrom: { env: "ABSENT_PASSWORD" } };
  const { failures } = grantLifecycle.check(here(), { ...good, ...source, imapUsername: "CORP\\ops" }, imported);
  expect(JSON.stringify(failures)).not.toContain("yet to be made");
});

it.each([UNKNOWN, { file: UNKNOWN }, { env: UNKNOWN }])(
  "a password's source that is not known yet, %j, has a digest that is not known yet",
  (imapPasswordFrom) => {
    const { inputs, failures } = grantLifecycle.check(here(), { ...good, imapPassword: undefined, imapPasswordFrom });
    expect(failures).toEqual([]);
    expect(inputs.imapPasswordDigest).toBe(UNKNOWN);
  },
);

describe("a password that Nylas cannot authenticate", () => {
  const umlaut = "Grüße an alle";
  const old = { ...good, imapPassword: umlaut, imapPort: 993, smtpPort: 465 };

  it.each(["imapPassword", "smtpPassword"])("is refused by check without its value, and never sent: %s", (name) => {
    for (const password of [umlaut, "漢字", "key 🔑", "half \ud83d", "\ufeffplain"]) {
      const { inputs, failures } = grantLifecycle.check(here(), { ...good, [name]: password });
      expect(failures).toHaveLength(1);
      expect(failures[0]).toMatchObject({
        property: "",
        reason: expect.stringMatching(new RegExp(`^${name} (has|starts)`)),
      });
      expect(failures[0]?.reason).not.toContain(password);
      expect(() => credentials(readGrantArguments(inputs), here(), "the test asks for it")).toThrow("nothing was sent");
    }
  });

  it("of a state leaves its mailbox as it is, until something asks for an authentication", () => {
    for (const olds of [old, { ...old, smtpPassword: "é" }]) {
      expect(grantLifecycle.check(here(), olds, olds).failures).toEqual([]);
      expect(grantLifecycle.check(here(), { ...olds, deleteAdopted: true }, olds).failures).toEqual([]);
      const outs = { ...olds, grantId: "g", grantStatus: "valid" };
      expect(grantLifecycle.diff(outs, grantLifecycle.check(here(), olds, olds).inputs)).toEqual({
        changed: [],
        replaces: [],
      });
      expect(grantLifecycle.check(here(), { ...olds, imapHost: "new.example.com" }, olds).failures).not.toEqual([]);
      expect(grantLifecycle.check(here(), { ...olds, imapUsername: "sales@example.com" }, olds).failures).not.toEqual(
        [],
      );
    }
    expect(reasons(grantLifecycle, old)).toHaveLength(1);
  });

  it("of a source leaves its mailbox as it is, too", () => {
    vi.stubEnv("OPS_PASSWORD", umlaut);
    const declared = { ...old, imapPassword: undefined, imapPasswordFrom: { env: "OPS_PASSWORD" } };
    expect(reasons(grantLifecycle, declared)).toEqual([
      expect.stringContaining("OPS_PASSWORD has characters outside ASCII"),
    ]);
    const { inputs, failures } = grantLifecycle.check(here(), declared, old);
    expect(failures).toEqual([]);
    expect(grantLifecycle.check(here(), declared, inputs).failures).toEqual([]);
    vi.stubEnv("OPS_PASSWORD", `${umlaut}!`);
    expect(grantLifecycle.check(here(), declared, inputs).failures).toHaveLength(1);
  });
});

describe("the placeholders of an import", () => {
  const older = "not told by Nylas";
  const sent = (change: Record<string, unknown>) => {
    const { inputs } = grantLifecycle.check(here(), { ...good, ...change });
    return () => credentials(readGrantArguments(inputs), here(), "the test asks for it");
  };

  it.each([
    { imapPassword: UNKNOWN_PASSWORD },
    { imapPassword: older },
    { smtpPassword: UNKNOWN_PASSWORD },
    { smtpPassword: older },
    { imapHost: UNKNOWN_HOST },
    { smtpHost: UNKNOWN_HOST },
  ])("are refused by check, and never sent: %j", (change) => {
    const [name] = Object.keys(change);
    expect(reasons(grantLifecycle, { ...good, ...change })).toEqual([
      expect.stringContaining(`${name} is the placeholder of an import`),
    ]);
    expect(sent(change)).toThrow(`${name} is the placeholder of an import`);
  });

  it("are no passwords of a source either", () => {
    vi.stubEnv("OPS_PASSWORD", older);
    const change = { imapPassword: undefined, imapPasswordFrom: { env: "OPS_PASSWORD" } };
    expect(reasons(grantLifecycle, { ...good, ...change })).toEqual([expect.stringContaining("is the placeholder")]);
    expect(sent(change)).toThrow("is the placeholder of an import");
  });

  it("stay in a state, where ignoreChanges keeps them, until something asks for an authentication", () => {
    const imported = { ...good, imapPassword: UNKNOWN_PASSWORD, imapPort: 993, smtpPort: 465 };
    expect(grantLifecycle.check(here(), imported, imported).failures).toEqual([]);
    expect(grantLifecycle.check(here(), { ...imported, onExisting: "adopt" }, imported).failures).toEqual([]);
    for (const change of [{ imapHost: "new.example.com" }, { credentialVersion: 2 }, { smtpPassword: "another" }]) {
      expect(grantLifecycle.check(here(), { ...imported, ...change }, imported).failures).toHaveLength(1);
    }
  });
});

describe("a password that gets a source", () => {
  const news = { ...good, imapPassword: undefined, imapPasswordFrom: { env: "OPS_PASSWORD" } };

  it("leaves the state", () => {
    expect(passwordsLeavingState(good, news)).toEqual(["imapPassword"]);
    expect(passwordsLeavingState(good, good)).toEqual([]);
  });

  it("was never there if the grant was imported", () => {
    expect(passwordsLeavingState({ ...good, imapPassword: UNKNOWN_PASSWORD }, news)).toEqual([]);
  });
});
