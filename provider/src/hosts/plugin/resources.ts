import { connectorLifecycle } from "../../core/connector/lifecycle.js";
import { CONNECTOR_OUTPUTS } from "../../core/connector/state.js";
import { grantLifecycle } from "../../core/grant/lifecycle.js";
import { IMAP_PASSWORD, PASSWORDS, type Password } from "../../core/grant/properties.js";
import { UNKNOWN_HOST } from "../../core/grant/sendable.js";
import { GRANT_OUTPUTS, readGrantState } from "../../core/grant/state.js";
import type { RecordLifecycle } from "../../core/lifecycle.js";
import { lookUpGrants } from "../../core/lookups.js";
import { type CheckFailure, publicNames, UNKNOWN, unknownName } from "../../core/properties/validate.js";
import { pick, type Values } from "../../core/properties/values.js";
import type { NylasClient } from "../../nylas/client.js";
import { CONNECTOR_ID, findConnector } from "../../nylas/connectors.js";
import { readGrantWithServers } from "../../nylas/grants.js";
import { identityOf } from "./identity.js";

/** A resource type as a plugin serves it. */
export interface ResourceType {
  lifecycle: RecordLifecycle;
  /** The outputs that are no arguments. */
  outputs: readonly string[];
  /** What an update may give another value, by the outputs that it starts from. */
  unsure(olds: Values): readonly string[];
  /** What is known of the arguments of an object that is imported, by its outputs. */
  imported(client: NylasClient, id: string, outs: Values): Promise<Values>;
  /** What the application has, and a name for each. */
  listed(client: NylasClient, query: Values): Promise<{ id: string; name: string }[]>;
}

/** Takes the place of a password's digest in the inputs of an imported grant. It differs from every digest. */
const IMPORTED = "imported";

/** By type token. */
export const RESOURCES: Readonly<Record<string, ResourceType>> = {
  "nylas:index:ImapConnector": {
    lifecycle: connectorLifecycle,
    outputs: Object.keys(CONNECTOR_OUTPUTS),
    unsure: () => ["name"],
    imported: async (_client, _id, outs) => pick(outs, ["name"]),
    listed: async (client) => {
      const connector = await findConnector(client);
      return connector === undefined ? [] : [{ id: CONNECTOR_ID, name: connector.name ?? CONNECTOR_ID }];
    },
  },
  "nylas:index:ByoImapGrant": {
    lifecycle: grantLifecycle,
    outputs: ["grantId", ...Object.keys(GRANT_OUTPUTS)],
    unsure: (olds) => (readGrantState(olds).grantStatus === "valid" ? ["updatedAt"] : ["updatedAt", "grantStatus"]),
    imported: async (client, id, outs) => {
      const { email } = readGrantState(outs);
      const { imapUsername = email, ...servers } = (await readGrantWithServers(client, id)).servers ?? {
        imapHost: UNKNOWN_HOST,
        smtpHost: UNKNOWN_HOST,
      };
      const receives = servers.smtpHost === undefined ? { receiveOnly: true } : {};
      return { imapUsername, ...servers, ...receives, imapPasswordDigest: IMPORTED };
    },
    listed: async (client, { status }) => {
      const grants = await lookUpGrants(client, { status, provider: "imap" });
      return grants.map(({ grantId, email = "" }) => ({ id: grantId, name: email }));
    },
  },
};

/**
 * What a program declares, as the classes of the dynamic host pass it on: with the digests of its names, the `application` of the last
 * inputs, and the stored digest of each password that `ignoreChanges` may hide. If the program gives an IMAP password, an absent SMTP
 * password is not hidden: the mailbox has none of its own. `olds` are the inputs of the last run.
 */
export function declared(urn: string, olds: Values, news: Values): Values {
  const isAbsent = ({ argument, source }: Password) => (news[argument] ?? news[source] ?? undefined) === undefined;
  const hidden = isAbsent(IMAP_PASSWORD) ? PASSWORDS.filter(isAbsent) : [];
  const digests = hidden.map(({ digest }) => digest).filter((digest) => olds[digest] !== IMPORTED);
  return { ...pick(olds, ["application", ...digests]), ...news, ...identityOf(urn, olds) };
}

/** Refuses names that a program may not give. The engine passes inputs of a state again when it imports. */
export function unknownArguments({ properties }: RecordLifecycle, olds: Values, news: Values): CheckFailure[] {
  const known = publicNames(properties).filter((name) => name !== "application");
  const unknown = Object.keys(news).filter((name) => {
    return Object.hasOwn(properties, name) && !known.includes(name) && news[name] !== olds[name];
  });
  return unknown.map((name) => unknownName(name, "argument", known));
}

/** Adds the stored digests of the passwords that `ignoreChanges` names: the engine has taken their values away. */
export function withIgnored(ignored: readonly string[], olds: Values, news: Values): Values {
  const kept = PASSWORDS.filter(({ argument, source, digest }) => {
    const isIgnored = ignored.includes(argument) || ignored.includes("*");
    return isIgnored && news[source] === undefined && news[digest] === undefined;
  });
  return {
    ...pick(
      olds,
      kept.map(({ digest }) => digest),
    ),
    ...news,
  };
}

/** What a creation will return, or the update of an object with these outputs, as far as it is known before. */
export function planned({ outputs, unsure }: ResourceType, inputs: Values, olds?: Values): Values {
  const open = olds === undefined ? outputs : unsure(olds);
  return { ...inputs, ...pick(olds ?? {}, outputs), ...Object.fromEntries(open.map((name) => [name, UNKNOWN])) };
}
