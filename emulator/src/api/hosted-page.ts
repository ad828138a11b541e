import type { HostedRequest } from "./hosted-request.js";

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
  problem?: string,
): string {
  const imap = IMAP_FIELDS.map((field) => fieldHtml(field, values, true)).join("");
  const smtp = SMTP_FIELDS.map((field) => fieldHtml(field, values, smtpRequired)).join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Connect your mailbox</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 2rem auto; padding: 0 1rem; }
label, input { display: block; width: 100%; box-sizing: border-box; }
input, button { font: inherit; padding: 0.5rem; margin: 0.25rem 0 1rem; }
[role="alert"] { border-left: 0.25rem solid #b00020; padding-left: 0.75rem; }
</style>
</head>
<body>
<main>
<h1>Connect your mailbox</h1>
${problem === undefined ? "" : `<p role="alert">${escapeHtml(problem)}</p>`}
<form method="post">
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

function fieldHtml(field: Field, values: Readonly<Record<string, string>>, required: boolean): string {
  const value = field.type === "password" ? "" : (values[field.name] ?? (required ? field.initial : undefined) ?? "");
  const numeric = field.type === "number" ? ' min="1" max="65535"' : "";
  return `<label for="${field.name}">${field.label}</label>
<input id="${field.name}" name="${field.name}" type="${field.type}" value="${escapeHtml(value)}"${numeric} autocomplete="${field.autocomplete}"${required ? " required" : ""}>
`;
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
