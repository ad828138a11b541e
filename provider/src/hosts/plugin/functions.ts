import * as v from "valibot";
import { lookUpConnector, lookUpGrant, lookUpGrants, lookUpProvider } from "../../core/lookups.js";
import { type CheckFailure, unknownName } from "../../core/properties/validate.js";
import type { Values } from "../../core/properties/values.js";
import { runFor } from "../../core/session.js";
import type { Host } from "../../host.js";
import type { NylasClient } from "../../nylas/client.js";
import { hostedLoginUrl } from "../../nylas/hosted-auth.js";
import { redeemCode } from "../../nylas/tokens.js";
import { DEFAULT_APPLICATION, readEndpoint, readSettings } from "../../settings.js";

type Answer = { result: Values } | { failures: CheckFailure[] };

const text = v.string("must be a string");
const maybe = v.optional(text);

/** The functions of a package, by their tokens. Each answers with an object, as the protocol wants it. */
export const FUNCTIONS: Readonly<Record<string, (host: Host, args: Values) => Promise<Answer>>> = {
  "nylas:index:getApplication": withArguments({}, async (host) => ({ ...(await clientOf(host).application()) })),
  "nylas:index:getConnector": withArguments({}, async (host) => ({
    ...(await lookUpConnector(clientOf(host), host.wording.newConnector)),
  })),
  "nylas:index:getGrant": withArguments({ id: maybe, email: maybe }, async (host, by) => ({
    ...(await lookUpGrant(clientOf(host), by)),
  })),
  "nylas:index:listGrants": withArguments({ status: maybe, provider: maybe }, async (host, filter) => ({
    grants: await lookUpGrants(clientOf(host), filter),
  })),
  "nylas:index:detectProvider": withArguments({ email: text }, async (host, { email }) => ({
    ...(await lookUpProvider(clientOf(host), email)),
  })),
  "nylas:index:hostedAuthUrl": withArguments(
    {
      clientId: text,
      redirectUri: text,
      loginHint: maybe,
      state: maybe,
      requireSmtp: v.optional(v.boolean("must be true or false")),
      accessType: maybe,
      prompt: maybe,
      codeChallenge: maybe,
      codeChallengeMethod: maybe,
      region: maybe,
    },
    async ({ config, settingsEnv, wording }, login) => ({
      url: hostedLoginUrl(login, () => readEndpoint(DEFAULT_APPLICATION, config, settingsEnv, wording.setting).apiUri),
    }),
  ),
  "nylas:index:exchangeCode": withArguments(
    { clientId: text, redirectUri: text, code: text, codeVerifier: maybe },
    async (host, code) => ({ ...(await redeemCode(clientOf(host), code)) }),
  ),
};

/** The client of the provider's own application. */
export function clientOf(host: Host): NylasClient {
  return runFor(readSettings(DEFAULT_APPLICATION, host.config, host.settingsEnv, host.wording.setting), host).client;
}

/** A function that refuses unknown names and values of a wrong type. */
function withArguments<const Entries extends v.ObjectEntries>(
  entries: Entries,
  work: (host: Host, args: v.InferOutput<v.ObjectSchema<Entries, undefined>>) => Promise<Values>,
) {
  const schema = v.object(entries);
  return async (host: Host, given: Values): Promise<Answer> => {
    const known = Object.keys(entries);
    const unknown = Object.keys(given).filter((name) => !name.startsWith("__") && !known.includes(name));
    const args = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
    const parsed = v.safeParse(schema, args);
    const wrong = (parsed.issues ?? []).map((issue) => {
      const name = v.getDotPath(issue) ?? "";
      return { property: "", reason: args[name] === undefined ? `${name} is required` : `${name} ${issue.message}` };
    });
    const failures = [...unknown.map((name) => unknownName(name, "argument", known)), ...wrong];
    return parsed.success && failures.length === 0 ? { result: await work(host, parsed.output) } : { failures };
  };
}
