/** Schemas of Nylas's answers (snake_case) and their types here (camelCase). Unknown fields are dropped. */
import * as v from "valibot";
import { isAddress, undecorated } from "../address.js";

/** The path of the request that asks which application a key belongs to. */
export const APPLICATION_PATH = "v3/applications";

/** A string that may be absent or null. */
export const optionalText = v.optional(v.nullable(v.string()));

/** A grant's id. It is used in paths, so ids from answers are checked too: one such as `..` would change the path. */
export const GrantId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,128}$/));

/** The last second of the year 9999, in Unix time: later ones have no ISO 8601 form with a four-digit year. */
const LATEST_SECOND = 253_402_300_799;
const unixSeconds = v.pipe(v.number(), v.minValue(0), v.maxValue(LATEST_SECOND));

export const ErrorEnvelope = v.object({
  request_id: optionalText,
  error: v.optional(v.union([v.object({ type: optionalText, message: optionalText }), v.string()])),
  error_description: optionalText,
});

const id = v.pipe(v.string(), v.minLength(1));

/**
 * The error envelope that Nylas's contract promises, or for `/v3/connect/token` OAuth's with Nylas's `error_code`. Other
 * servers answer JSON with an `error` too, but without these fields beside it.
 */
const NylasErrorWire = v.union([
  v.object({
    request_id: id,
    error: v.union([v.looseObject({ type: v.string() }), v.looseObject({ message: v.string() }), v.string()]),
  }),
  v.object({ error: v.string(), error_code: v.union([v.number(), v.string()]) }),
]);

/** Whether a failed request's body is from Nylas, and not from a gateway or proxy on the way. */
export function isNylasError(body: unknown): boolean {
  return v.is(NylasErrorWire, body);
}

/** The answer to a deletion: the request id alone, or no body with status 204. */
export const DeletedWire = v.optional(v.object({ request_id: id, error: v.optional(v.null()) }));

export function single<S extends v.GenericSchema>(data: S) {
  return v.object({ request_id: optionalText, data });
}

export function page<S extends v.GenericSchema>(data: S) {
  // A list without its envelope must not look like one without entries.
  return v.object({ request_id: id, data: v.array(data), limit: v.optional(v.nullable(v.number())) });
}

/** A grant, with the fields that this package uses. */
export interface Grant {
  id: string;
  provider: string;
  /** Without decoration; from the settings if Nylas shows it only there. */
  email: string | undefined;
  status: string;
  /** Whether Nylas has blocked it, whatever its status says. */
  blocked: boolean;
  /** Creation time, in ISO 8601. */
  createdAt: string;
  /** Time of the last authentication, in ISO 8601; of the creation if Nylas does not show it. */
  updatedAt: string;
  /** Whether Nylas shows the time of the last authentication. */
  showsUpdate: boolean;
  /** Sent with an authentication and returned unchanged; contains the owner marker. */
  state: string | undefined;
}

export const GrantWire = v.pipe(
  v.object({
    id: GrantId,
    provider: v.string(),
    email: optionalText,
    settings: v.fallback(v.optional(v.object({ imap_username: optionalText })), undefined),
    grant_status: optionalText,
    blocked: v.optional(v.nullable(v.boolean())),
    created_at: unixSeconds,
    updated_at: v.optional(v.nullable(unixSeconds)),
    state: optionalText,
  }),
  v.transform(
    (wire): Grant => ({
      id: wire.id,
      provider: wire.provider,
      email: undecorated(wire.email ?? "") ?? addressIn(wire.settings?.imap_username ?? ""),
      // The contract makes the status optional. A grant that Nylas has just returned without one counts as valid.
      status: wire.grant_status ?? "valid",
      blocked: wire.blocked === true,
      createdAt: fromUnixSeconds(wire.created_at),
      updatedAt: fromUnixSeconds(wire.updated_at ?? wire.created_at),
      showsUpdate: typeof wire.updated_at === "number",
      state: wire.state ?? undefined,
    }),
  ),
);

/** A mailbox's settings without passwords, which are not read even if Nylas returns them. */
export interface MailServers {
  imapUsername: string | undefined;
  imapHost: string;
  imapPort: number | undefined;
  smtpHost: string | undefined;
  smtpPort: number | undefined;
  smtpUsername: string | undefined;
}

const optionalPort = v.optional(v.nullable(v.pipe(v.union([v.number(), v.string()]), v.transform(Number))));

/** Nylas documents the content of `settings` for requests only, so other content counts as none. */
const MailServersWire = v.fallback(
  v.optional(
    v.pipe(
      v.object({
        imap_username: optionalText,
        imap_host: v.string(),
        imap_port: optionalPort,
        smtp_host: optionalText,
        smtp_port: optionalPort,
        smtp_username: optionalText,
      }),
      v.transform(
        (wire): MailServers => ({
          imapUsername: wire.imap_username ?? undefined,
          imapHost: wire.imap_host,
          imapPort: wire.imap_port ?? undefined,
          smtpHost: wire.smtp_host ?? undefined,
          smtpPort: wire.smtp_port ?? undefined,
          smtpUsername: wire.smtp_username ?? undefined,
        }),
      ),
    ),
  ),
  undefined,
);

/** A grant with the settings that Nylas may show. For exports and imports: the resources compare nothing with them. */
export interface GrantWithServers extends Grant {
  servers: MailServers | undefined;
}

export const GrantWithServersWire: v.GenericSchema<unknown, GrantWithServers> = v.intersect([
  GrantWire,
  v.pipe(
    v.object({ settings: MailServersWire }),
    v.transform(({ settings }) => ({ servers: settings })),
  ),
]);

/** The readable fields of an entry that `GrantWire` refuses. A field of the wrong type counts as absent. */
export const UnreadableGrantWire = v.fallback(
  v.object({
    id: v.fallback(v.optional(GrantId), undefined),
    provider: v.fallback(v.optional(v.string()), undefined),
    email: v.fallback(v.optional(v.pipe(v.string(), v.transform(undecorated))), undefined),
    state: v.fallback(v.optional(v.string()), undefined),
  }),
  {},
);

/** An entry of a list of grants that breaks Nylas's contract. */
export interface UnreadableGrant {
  id?: string | undefined;
  provider?: string | undefined;
  email?: string | undefined;
  state?: string | undefined;
  /** The fields that break the contract. */
  fields: string;
}

/** The IMAP connector of an application. */
export interface Connector {
  /** Always `imap`. */
  provider: string;
  /** The display name, if it has one. */
  name: string | undefined;
}

export const ConnectorWire = v.pipe(
  v.object({ provider: v.literal("imap"), name: optionalText }),
  v.transform((wire): Connector => ({ provider: wire.provider, name: wire.name ?? undefined })),
);

/** A Nylas application. */
export interface Application {
  /** The application's id, which is also its client id for hosted authentication. */
  applicationId: string;
  /** `us` or `eu`, if Nylas names it. */
  region: string | undefined;
  /** The application's environment at Nylas, such as `sandbox`, if Nylas names it. */
  environment: string | undefined;
}

export const ApplicationWire = v.pipe(
  v.object({ application_id: v.pipe(v.string(), v.minLength(1)), region: optionalText, environment: optionalText }),
  v.transform(
    (wire): Application => ({
      applicationId: wire.application_id,
      region: wire.region ?? undefined,
      environment: wire.environment ?? undefined,
    }),
  ),
);

/** A log-in name is no address. */
function addressIn(username: string): string | undefined {
  return isAddress(username) ? username : undefined;
}

function fromUnixSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
