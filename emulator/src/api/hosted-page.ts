import type { HostedRequest } from "./hosted-request.js";

/** Why the form is shown again. */
export interface Refusal {
  /** As Nylas names it, where it has a name for it. */
  type?: string;
  message: string;
}

interface Field {
  name: string;
  label: string;
  type: "text" | "password" | "number";
  autocomplete: string;
  initial?: string;
}

const IMAP_FIELDS: readonly Field[] = [
  { name: "imap_username", label: "E-mail address", type: "text", autocomplete: "username" },
  { name: "imap_password", label: "Password", type: "password", autocomplete: "current-password" },
  { name: "imap_host", label: "IMAP server", type: "text", autocomplete: "off" },
  { name: "imap_port", label: "IMAP port", type: "number", autocomplete: "off", initial: "993" },
];

const SMTP_FIELDS: readonly Field[] = [
  { name: "smtp_host", label: "SMTP server", type: "text", autocomplete: "off" },
  { name: "smtp_port", label: "SMTP port", type: "number", autocomplete: "off", initial: "465" },
];

/** The log-in form. It posts to its own address, so that the query travels along; a password is never filled in. */
export function hostedPage(
  { smtpRequired }: HostedRequest,
  values: Readonly<Record<string, string>>,
  refusal?: Refusal,
): string {
  const wrongPassword = refusal?.type !== undefined;
  const imap = IMAP_FIELDS.map((field) => fieldHtml(field, values, true, wrongPassword)).join("");
  const smtp = SMTP_FIELDS.map((field) => fieldHtml(field, values, smtpRequired, false)).join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${refusal === undefined ? "" : "Error: "}Connect your mailbox</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Connect your mailbox</h1>
${refusal === undefined ? "" : refusalHtml(refusal)}<form method="post">
${imap}<fieldset>
<legend>Sending mail${smtpRequired ? "" : " (optional)"}</legend>
${smtp}</fieldset>
<button type="submit">Connect</button>
</form>
</main>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light; color: #1b1b1f; background: #f4f4f7; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; padding: 1rem; }
main { max-width: 26rem; margin: 1rem auto; padding: 1.5rem; background: #fff; border-radius: 0.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; }
label, input, button { display: block; width: 100%; box-sizing: border-box; }
label { font-weight: 600; }
input, button { font: inherit; padding: 0.5rem 0.75rem; margin: 0.25rem 0 1rem; border-radius: 0.25rem; }
input { border: 1px solid #6b6b76; }
input[aria-invalid="true"] { border: 2px solid #b00020; }
fieldset { border: 0; border-top: 1px solid #d5d5dc; margin: 0; padding: 0.5rem 0 0; }
legend { padding: 0 0.5rem 0 0; }
button { border: 0; background: #1f4fbf; color: #fff; font-weight: 600; margin-bottom: 0; cursor: pointer; }
:focus-visible { outline: 3px solid #1f4fbf; outline-offset: 2px; }
[role="alert"] { background: #fdecef; border-left: 0.25rem solid #b00020; padding: 0.5rem 0.75rem; margin: 0 0 1rem; }
`;

/** Takes the focus where no field does, so that it is read out first. */
function refusalHtml({ type, message }: Refusal): string {
  const focus = type === undefined ? ' tabindex="-1" autofocus' : "";
  const name = type === undefined ? "" : ` <code>${escapeHtml(type)}</code>`;
  return `<p role="alert" id="refusal"${focus}>${escapeHtml(message)}${name}</p>\n`;
}

function fieldHtml(
  field: Field,
  values: Readonly<Record<string, string>>,
  required: boolean,
  wrongPassword: boolean,
): string {
  const { name, label, type, autocomplete } = field;
  const value = type === "password" ? "" : (values[name] ?? (required ? field.initial : undefined) ?? "");
  const attributes = [
    `id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}" value="${escapeHtml(value)}"`,
    type === "text" ? ' autocapitalize="none" spellcheck="false"' : "",
    type === "number" ? ' min="1" max="65535"' : "",
    required ? " required" : "",
    wrongPassword && REFUSED_FIELDS.includes(name) ? ' aria-invalid="true" aria-describedby="refusal"' : "",
    wrongPassword && type === "password" ? " autofocus" : "",
  ];
  return `<label for="${name}">${label}</label>\n<input ${attributes.join("")}>\n`;
}

/** The mail server does not say which of the two was wrong. */
const REFUSED_FIELDS = ["imap_username", "imap_password"];

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
