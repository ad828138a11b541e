import type { Expected } from "./answer.js";
import type { Expectation } from "./expectation.js";

type Open = Pick<Expectation, "answer" | "instead">;

export function ok(fields?: Expected["fields"], status = 200): Expected {
  return fields === undefined ? { status } : { status, fields };
}

export function refused(status: number, type: string, fields?: Expected["fields"]): Expected {
  return fields === undefined ? { status, type } : { status, type, fields };
}

export const BAD_REQUEST = refused(400, "api.invalid_request_error");
export const BAD_PAYLOAD = refused(400, "api.invalid_request_payload");

export const UNAUTHORIZED: Open = {
  answer: refused(401, "api.authentication_error"),
  instead: {
    unauthorizedType: {
      "token.unauthorized_access": refused(401, "token.unauthorized_access"),
      unauthorized: refused(401, "unauthorized"),
      invalid_request_error: refused(401, "invalid_request_error"),
    },
  },
};

/** For the mailbox of a grant that is no longer valid. */
export const INVALID_GRANT: Open = {
  ...UNAUTHORIZED,
  instead: { ...UNAUTHORIZED.instead, invalidGrant: { "403": refused(403, "grant.access_denied") } },
};

export const NO_GRANT: Open = {
  answer: refused(404, "grant.not_found"),
  instead: {
    notFoundType: { generic: refused(404, "api.not_found_error"), plain: refused(404, "not_found_error") },
    // The type is that of a refused key.
    missingGrant: { "401": { status: 401 } },
  },
};

export const NOT_FOUND: Open = {
  answer: refused(404, "api.not_found_error"),
  instead: { notFoundType: { plain: refused(404, "not_found_error") } },
};

export const BLOCKED: Open = {
  answer: refused(423, "api.resource_blocked"),
  instead: { blockedGrant: { "403": refused(403, "grant.access_denied") } },
};

/** Of a data request. */
export const NO_PROVIDER_ANSWER = refused(504, "api.provider_error");

export const UNREACHABLE: Open = {
  answer: refused(504, "api.provider_error"),
  instead: { unreachableHost: { "400": refused(400, "grant.provider_not_responding") } },
};
