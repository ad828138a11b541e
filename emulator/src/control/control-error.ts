import { ApiError } from "../http/errors.js";

/** A control request that is refused. It has no entry in the catalogue of refusals: Nylas has no such interface. */
export class ControlError extends ApiError {
  constructor(message: string) {
    super(400, "api.invalid_request_error", message);
  }
}
