import { ApiError } from "../conventions/errors.js";

/** An invalid control request. Not in the catalogue of refusals, because Nylas has no control interface. */
export class ControlError extends ApiError {
  constructor(message: string) {
    super(400, "api.invalid_request_error", message);
  }
}

/** A request that a browser sends on behalf of another web site. */
export class ForeignSiteError extends ApiError {
  constructor(message: string) {
    super(403, "api.unauthorized_access", message);
  }
}
