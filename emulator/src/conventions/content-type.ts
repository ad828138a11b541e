import type { MiddlewareHandler } from "hono";
import type { Behaviors } from "../behaviors.js";
import type { Env } from "../http/context.js";
import { ApiError } from "./errors.js";

const WITH_BODY = ["POST", "PUT", "PATCH", "DELETE"];
/** Nylas: "only JSON and multipart", and JSON with a charset is neither. */
const ALLOWED = /^(application\/json|multipart\/form-data;.*)$/i;
/** The form of a browser, and OAuth's endpoint, which takes a form too. */
const FORM_PATHS = ["/v3/connect/auth", "/v3/connect/token"];

/** Refuses a content type that Nylas refuses. A request without one passes: official clients send some. */
export function requireContentType(behaviors: Behaviors): MiddlewareHandler<Env> {
  return async ({ req }, next) => {
    const type = req.header("content-type");
    const isChecked = type !== undefined && WITH_BODY.includes(req.method) && !FORM_PATHS.includes(req.path);
    if (isChecked && !ALLOWED.test(type) && behaviors.contentType === "strict") {
      throw ApiError.of("contentTypeRefused");
    }
    await next();
  };
}
