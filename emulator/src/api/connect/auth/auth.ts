import { readText } from "../../../conventions/body.js";
import { ApiError } from "../../../conventions/errors.js";
import { REFUSALS } from "../../../conventions/refusals.js";
import type { Api, ApiContext } from "../../../http/context.js";
import type { StoredGrant } from "../../../store/types.js";
import { type AuthenticationDependencies, authenticateImap } from "../authenticate.js";
import { readImapSettings } from "../settings.js";
import type { PendingCodes } from "../tokens/pending-codes.js";
import { type FormProblem, type FormValues, problemOf, WRONG_PASSWORD } from "./form.js";
import { type HostedRequest, type LinkDependencies, readHostedRequest } from "./link.js";
import { formPage, wrongLinkPage } from "./page.js";

/**
 * Forbids scripts, frames, caching and the Referer header. There is no form-action, because browsers apply it to the
 * redirects after a submission too, and the application may redirect to any origin.
 */
const PAGE_HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};
/** For clients that omit the port. */
const DEFAULTS = { imap_port: "993" };

export interface HostedAuthDependencies extends AuthenticationDependencies {
  store: AuthenticationDependencies["store"] & LinkDependencies["store"];
  codes: Pick<PendingCodes, "issue">;
}

export function hostedAuthRoutes(api: Api, dependencies: HostedAuthDependencies): void {
  api.get("/v3/connect/auth", (context) =>
    withLink(context, dependencies, (request) => {
      return context.html(formPage(request, { imap_username: request.loginHint }), 200, PAGE_HEADERS);
    }),
  );

  api.post("/v3/connect/auth", (context) =>
    withLink(context, dependencies, async (request) => {
      const form: FormValues = { ...DEFAULTS, ...Object.fromEntries(new URLSearchParams(await readText(context))) };
      const problem = problemOf(form, request.smtpRequired);
      if (problem !== undefined) return showFormAgain(context, request, form, problem);
      try {
        const settings = readImapSettings(withoutLonePort(form));
        const { grant } = await authenticateImap(dependencies, context, settings, request.state);
        return redirect(context, request, { code: issueCode(dependencies, request, grant) });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return answerFailure(context, request, form, error);
      }
    }),
  );
}

/** Answers an invalid link: browsers get HTML, API clients get JSON. */
async function withLink(
  context: ApiContext,
  dependencies: LinkDependencies,
  go: (request: HostedRequest) => Response | Promise<Response>,
): Promise<Response> {
  let request: HostedRequest;
  try {
    request = readHostedRequest(context.req.query(), dependencies);
  } catch (error) {
    const person = context.req.header("accept")?.includes("text/html");
    if (!(error instanceof ApiError && person)) throw error;
    return context.html(wrongLinkPage(error, context.var.requestId), error.status, PAGE_HEADERS);
  }
  return go(request);
}

/** The form proposes an SMTP port. Without an SMTP server it means nothing. */
function withoutLonePort({ smtp_port, ...form }: FormValues): FormValues {
  return form.smtp_host && smtp_port ? { ...form, smtp_port } : form;
}

function issueCode(
  { codes }: HostedAuthDependencies,
  { redirectUri, offline, challenge }: HostedRequest,
  grant: StoredGrant,
): string {
  return codes.issue({ grantId: grant.id, redirectUri, offline, ...(challenge === undefined ? {} : { challenge }) });
}

/** Nylas: the form shows a wrong password; the third one and an unreachable server redirect to the application. */
function answerFailure(
  context: ApiContext,
  request: HostedRequest,
  form: FormValues,
  error: ApiError,
): Response | Promise<Response> {
  const { authLimitReached, unreachable, unreachableAtLogin, wrongPassword } = REFUSALS;
  if (error.type === authLimitReached.type) {
    return redirect(context, request, failureParameters("auth_limit_reached", error));
  }
  if (error.type === unreachable.type || error.type === unreachableAtLogin.type) {
    return redirect(context, request, failureParameters("provider_not_responding", error));
  }
  const shown = error.type === wrongPassword.type ? WRONG_PASSWORD : { message: error.message, fields: [] };
  return showFormAgain(context, request, form, shown);
}

function showFormAgain(
  context: ApiContext,
  request: HostedRequest,
  form: FormValues,
  problem: FormProblem,
): Response | Promise<Response> {
  return context.html(formPage(request, form, problem), 400, PAGE_HEADERS);
}

function failureParameters(errorType: string, { message }: ApiError): Record<string, string> {
  return { error: "authentication_failed", error_type: errorType, error_description: message };
}

function redirect(context: ApiContext, request: HostedRequest, answer: Readonly<Record<string, string>>): Response {
  const url = new URL(request.redirectUri);
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  if (request.state !== undefined) url.searchParams.set("state", request.state);
  for (const [name, value] of Object.entries(PAGE_HEADERS)) context.header(name, value);
  // With 303 the browser follows with GET; 307 or 308 would post the password to the application.
  return context.redirect(url.toString(), 303);
}
