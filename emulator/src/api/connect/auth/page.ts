import type { ApiError } from "../../../conventions/errors.js";
import { type Field, type FormProblem, type FormValues, IMAP_FIELDS, SMTP_FIELDS } from "./form.js";
import type { HostedRequest } from "./link.js";

/** The log-in form. It posts to its own URL to keep the query. Password fields are always empty. */
export function formPage(
  { applicationId, smtpRequired }: HostedRequest,
  values: FormValues,
  problem?: FormProblem,
): string {
  const marked = problem?.fields ?? [];
  const focused = marked.find((name) => name === "imap_password" || !values[name]) ?? marked[0];
  const group = (fields: readonly Field[], required: boolean) =>
    fields.map((field) =>
      fieldHtml(field, values, { required, invalid: marked.includes(field.name), focused: field.name === focused }),
    );
  const [username, password, ...imapServer] = group(IMAP_FIELDS, true);
  return pageHtml(
    `${problem === undefined ? "" : "Error: "}Connect your mailbox`,
    `<h1>Connect your mailbox</h1>
<p class="about">The application <code>${escapeHtml(applicationId)}</code> asks for it. This page is of an emulator of Nylas, for tests.</p>
${problem === undefined ? "" : problemHtml(problem)}<form method="post">
${username}${password}<div class="row">
${imapServer.join("")}</div>
<fieldset>
<legend>Sending mail${smtpRequired ? "" : " (optional)"}</legend>
<div class="row">
${group(SMTP_FIELDS, smtpRequired).join("")}</div>
</fieldset>
<button type="submit">Connect</button>
</form>`,
  );
}

/** The page for an invalid link. It contains no links: the redirect URI of an invalid request cannot be trusted. */
export function wrongLinkPage({ type, message }: ApiError, requestId: string): string {
  return pageHtml(
    "Error: This link is invalid",
    `<h1>This link is invalid</h1>
<p>Contact the developer of the application. You can close this page; nothing was sent to anybody.</p>
<p class="problem">${escapeHtml(message)} <code>${escapeHtml(type)}</code></p>
<p class="small">For the developer: this page is of an emulator of Nylas, for tests; request <code>${escapeHtml(requestId)}</code></p>`,
  );
}

function pageHtml(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light; color: #1b1b1f; background: #f4f4f7; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; padding: 1rem; overflow-wrap: anywhere; }
main { max-width: 26rem; margin: 1rem auto; padding: 1.5rem; background: #fff; border-radius: 0.5rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; }
label, input, button { display: block; width: 100%; box-sizing: border-box; }
label { font-weight: 600; }
input, button { font: inherit; padding: 0.5rem 0.75rem; margin: 0.25rem 0 1rem; border-radius: 0.25rem; }
input { color: inherit; background: #fff; border: 1px solid #6b6b76; }
input[aria-invalid="true"] { border-color: #b00020; box-shadow: inset 0 0 0 1px #b00020; }
.row { display: flex; flex-wrap: wrap; gap: 0 1rem; }
.row > * { flex: 1 1 6rem; }
.row > :first-child { flex: 3 1 12rem; }
fieldset { border: 0; border-top: 1px solid #d5d5dc; margin: 0.5rem 0 0; padding: 0.75rem 0 0; min-width: 0; }
legend { float: left; width: 100%; padding: 0 0 0.5rem; color: #55555f; }
legend + * { clear: both; }
button { border: 0; background: #1f4fbf; color: #fff; font-weight: 600; margin: 0.5rem 0 0; cursor: pointer; }
button:hover { background: #183f99; }
:focus-visible { outline: 3px solid #1f4fbf; outline-offset: 2px; }
.problem { background: #fdecef; border-left: 0.25rem solid #b00020; padding: 0.5rem 0.75rem; margin: 0 0 1rem; }
.problem code { display: inline-block; }
code { font-size: 0.875em; }
.small, .about { color: #55555f; font-size: 0.875rem; margin: 0; }
.about { margin: 0 0 1rem; }
`;

/** Takes the focus if no field does, so that screen readers announce the error first. */
function problemHtml({ type, message, fields }: FormProblem): string {
  const focus = fields.length === 0 ? ' tabindex="-1" autofocus' : "";
  const name = type === undefined ? "" : ` <code>${escapeHtml(type)}</code>`;
  return `<p id="refusal" class="problem" role="alert"${focus}>${escapeHtml(message)}${name}</p>\n`;
}

function fieldHtml(
  { name, label, type, autocomplete, inputmode, initial }: Field,
  values: FormValues,
  { required, invalid, focused }: { required: boolean; invalid: boolean; focused: boolean },
): string {
  const value = type === "password" ? "" : (values[name] ?? initial ?? "");
  const attributes = [
    `id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}" value="${escapeHtml(value)}"`,
    inputmode === undefined ? "" : ` inputmode="${inputmode}"`,
    type === "text" ? ' autocapitalize="none" spellcheck="false"' : "",
    type === "number" ? ' inputmode="numeric" min="1" max="65535"' : "",
    required ? " required" : "",
    invalid ? ' aria-invalid="true" aria-describedby="refusal"' : "",
    focused ? " autofocus" : "",
  ];
  return `<div>\n<label for="${name}">${label}</label>\n<input ${attributes.join("")}>\n</div>\n`;
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
