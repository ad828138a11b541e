import type { ApiContext } from "../../http/context.js";
import { ApiError } from "../../http/errors.js";

/** Nylas: the status of every refusal, and the request id is only in the header. */
const STATUS = 400;
/** Nylas's Python SDK cannot parse an error without error_uri. */
const ERROR_URI = "developer.nylas.com/docs/api/errors/400-response/";

/**
 * Answers refusals of `perform` in OAuth's envelope; those of another status, such as 413, are no answers of OAuth. Responses
 * with tokens must not be cached (RFC 6749, 5.1).
 */
export async function asOAuth(context: ApiContext, perform: () => Response | Promise<Response>): Promise<Response> {
  context.header("cache-control", "no-store");
  try {
    return await perform();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== STATUS) throw error;
    const { type, message } = error;
    const body = { error: type, error_description: message, error_uri: ERROR_URI, error_code: STATUS };
    return context.json(body, STATUS);
  }
}
