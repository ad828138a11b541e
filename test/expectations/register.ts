import { BEHAVIOURS, type BehaviourName } from "nylas-emulator";
import type { Expectation } from "./expectation.js";
import { anywhere } from "./register/anywhere.js";
import { connectors } from "./register/connectors.js";
import { customAuth } from "./register/custom-auth.js";
import { detect } from "./register/detect.js";
import { endings, grants } from "./register/grants.js";
import { hostedAuth } from "./register/hosted-auth.js";
import { mailbox } from "./register/mailbox.js";
import { sending } from "./register/send.js";

/** Everything that is expected of Nylas, in the order in which it can be played on one application. */
export const REGISTER: readonly Expectation[] = [
  ...anywhere,
  ...detect,
  ...connectors,
  ...customAuth,
  ...grants,
  ...mailbox,
  ...sending,
  ...hostedAuth,
  ...endings,
];

/** What the public sources leave open, with the switches that play the answers. The first fifteen are one question each. */
export const OPEN_POINTS: readonly { point: string; switches: readonly BehaviourName[] }[] = [
  { point: "a second connector for a provider", switches: ["duplicateConnector"] },
  { point: "an authentication without a connector", switches: ["missingConnector"] },
  { point: "a wrong password", switches: ["badCredentials", "authLimit"] },
  { point: "a mail server that does not answer", switches: ["unreachableHost"] },
  { point: "the status of a re-authentication", switches: ["reauthStatus"] },
  { point: "what a grant shows of its settings", switches: ["settingsEcho"] },
  { point: "the error type of a 404", switches: ["notFoundType"] },
  { point: "the error type of a 401", switches: ["unauthorizedType"] },
  { point: "the grants of a deleted connector", switches: ["connectorDelete", "connectorDeleteGraceSeconds"] },
  { point: "PUT on a connector", switches: ["connectorPut"] },
  { point: "the lag of filtered lists", switches: ["listLagSeconds"] },
  { point: "a send without SMTP settings", switches: ["missingSmtp"] },
  { point: "`Retry-After` of a 429", switches: ["rateLimitRetryAfter"] },
  { point: "the scope of an IMAP grant", switches: ["scope"] },
  { point: "the name of a connector", switches: ["connectorName", "unnamedConnector"] },
  { point: "the error type of a 429", switches: ["rateLimitType"] },
  { point: "what becomes of a grant's state", switches: ["stateEcho"] },
  { point: "the emulator's own limit", switches: ["rateLimitPerSecond"] },
];

/** `name=value` of every answer that is not the default, as far as the register has it. */
export const OTHER_ANSWERS: readonly { name: BehaviourName; value: string }[] = behaviourNames().flatMap((name) => {
  const values = new Set(REGISTER.flatMap(({ instead }) => Object.keys(instead?.[name] ?? {})));
  return [...values].map((value) => ({ name, value }));
});

export function behaviourNames(): BehaviourName[] {
  // The keys of the constant are the names of the type that is made of it.
  return Object.keys(BEHAVIOURS) as BehaviourName[];
}

export function defaultOf(name: BehaviourName): string {
  const behaviour = BEHAVIOURS[name];
  return behaviour.kind === "choice" ? (behaviour.values[0] ?? "") : String(behaviour.initial);
}
