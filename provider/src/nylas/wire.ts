/** The shapes on the wire (snake_case) and their camelCase twins. Unknown fields are kept out: Nylas may add some. */
import * as v from "valibot";

/** A text that may be absent or null. */
export const text = v.optional(v.nullable(v.string()));

/** A grant's id. It stands in paths, so an id such as `..` must not come out of an answer either. */
export const GrantId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,128}$/));

/** The end of the year 9999, in seconds since 1970: the last second whose ISO 8601 form has a year of four digits. */
const LATEST_SECOND = 253_402_300_799;
const unixSeconds = v.pipe(v.number(), v.minValue(0), v.maxValue(LATEST_SECOND));

export const ErrorEnvelope = v.object({
  request_id: text,
  error: v.optional(v.union([v.object({ type: text, message: text }), v.string()])),
  error_description: text,
});

export function single<S extends v.GenericSchema>(data: S) {
  return v.object({ request_id: text, data });
}

export function page<S extends v.GenericSchema>(data: S) {
  return v.object({ request_id: text, data: v.array(data), limit: v.optional(v.nullable(v.number())) });
}

/** A grant, as this package reads it. */
export interface Grant {
  id: string;
  provider: string;
  email: string | undefined;
  status: string;
  /** ISO 8601. */
  createdAt: string;
  /** ISO 8601; the last authentication. */
  updatedAt: string;
  /** Sent at authentication and returned unchanged: carries the ownership marker. */
  state: string | undefined;
}

export const GrantWire = v.pipe(
  v.object({
    id: GrantId,
    provider: v.string(),
    email: text,
    grant_status: text,
    created_at: unixSeconds,
    updated_at: v.optional(v.nullable(unixSeconds)),
    state: text,
  }),
  v.transform(
    (wire): Grant => ({
      id: wire.id,
      provider: wire.provider,
      email: wire.email ?? undefined,
      // The contract makes the status optional; a grant that was just answered for is taken as usable.
      status: wire.grant_status ?? "valid",
      createdAt: fromUnixSeconds(wire.created_at),
      updatedAt: fromUnixSeconds(wire.updated_at ?? wire.created_at),
      state: wire.state ?? undefined,
    }),
  ),
);

/** What can be told of an entry that `GrantWire` refuses: a field of another type counts as absent. */
export const UnreadableGrantWire = v.fallback(
  v.object({
    id: v.fallback(v.optional(GrantId), undefined),
    provider: v.fallback(v.optional(v.string()), undefined),
    email: v.fallback(v.optional(v.string()), undefined),
    state: v.fallback(v.optional(v.string()), undefined),
  }),
  {},
);

/** A grant of a list whose entry is not what the contract promises. */
export interface UnreadableGrant {
  id?: string | undefined;
  provider?: string | undefined;
  email?: string | undefined;
  state?: string | undefined;
  /** The fields that break the contract. */
  fields: string;
}

export interface Connector {
  provider: string;
  name: string | undefined;
}

export const ConnectorWire = v.pipe(
  v.object({ provider: v.literal("imap"), name: text }),
  v.transform((wire): Connector => ({ provider: wire.provider, name: wire.name ?? undefined })),
);

export interface Application {
  applicationId: string;
  region: string | undefined;
  environment: string | undefined;
}

export const ApplicationWire = v.pipe(
  v.object({ application_id: v.pipe(v.string(), v.minLength(1)), region: text, environment: text }),
  v.transform(
    (wire): Application => ({
      applicationId: wire.application_id,
      region: wire.region ?? undefined,
      environment: wire.environment ?? undefined,
    }),
  ),
);

function fromUnixSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
