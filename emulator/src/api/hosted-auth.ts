import type { StoredGrant } from "../store/types.js";
import { authenticateImap, BAD_CREDENTIALS, LIMIT_REACHED } from "./authenticate.js";
import { readText } from "./body.js";
import type { Api, ApiContext, World } from "./context.js";
import { ApiError } from "./errors.js";
import { hostedPage, type Refusal } from "./hosted-page.js";
import { type HostedRequest, readHostedRequest } from "./hosted-request.js";
import { readImapSettings } from "./settings.js";

/** The form is all this page may do: no script, no frame, no stored copy, and no address passed on. */
const PAGE_HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

export function hostedAuthRoutes(api: Api, world: World): void {
  api.get("/v3/connect/auth", (context) => {
    const request = readHostedRequest(context.req.query(), world);
    return context.html(hostedPage(request, { imap_username: request.loginHint }), 200, PAGE_HEADERS);
  });

  api.post("/v3/connect/auth", async (context) => {
    const request = readHostedRequest(context.req.query(), world);
    const form = Object.fromEntries(new URLSearchParams(await readText(context)));
    try {
      const { grant } = await logIn(context, world, request, form);
      await world.store.saved();
      return redirect(context, request, { code: issueCode(world, request, grant) });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return refusal(context, request, form, error);
    }
  });
}

async function logIn(
  context: ApiContext,
  world: World,
  request: HostedRequest,
  form: Readonly<Record<string, string>>,
): Promise<{ grant: StoredGrant }> {
  const settings = readImapSettings(form);
  if (request.smtpRequired && (settings.smtp_host === undefined || settings.smtp_port === undefined)) {
    throw new ApiError(400, "api.invalid_request_error", "The SMTP server and its port are required.");
  }
  return authenticateImap(world, context, settings, request.state);
}

function issueCode(world: World, { redirectUri, challenge }: HostedRequest, grant: StoredGrant): string {
  return world.codes.issue({ grantId: grant.id, redirectUri, ...(challenge === undefined ? {} : { challenge }) });
}

/** Nylas: a wrong password is shown on the page; the third one and a silent server go back to the application. */
function refusal(
  context: ApiContext,
  request: HostedRequest,
  form: Readonly<Record<string, string>>,
  error: ApiError,
): Response | Promise<Response> {
  if (error.type === LIMIT_REACHED) return redirect(context, request, failure("auth_limit_reached"));
  const unreachable = error.type === "api.provider_error" || error.type === "grant.provider_not_responding";
  if (unreachable) return redirect(context, request, failure("provider_not_responding"));
  const shown: Refusal =
    error.type === BAD_CREDENTIALS
      ? { type: "invalid_authentication", message: "The mail server refused the e-mail address or the password." }
      : { message: error.message };
  return context.html(hostedPage(request, form, shown), 400, PAGE_HEADERS);
}

function failure(errorType: string): Record<string, string> {
  return { error: "authentication_failed", error_type: errorType };
}

function redirect(context: ApiContext, request: HostedRequest, answer: Readonly<Record<string, string>>): Response {
  const url = new URL(request.redirectUri);
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  if (request.state !== undefined) url.searchParams.set("state", request.state);
  // 303: the browser must not send the password on to the application.
  return context.redirect(url.toString(), 303);
}
