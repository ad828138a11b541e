/** Shown in place of a secret. */
const MASK = "[secret]";

/** The text with every secret masked, also where it stands URL-encoded, base64-encoded or JSON-escaped. */
export function redact(text: string, secrets: readonly string[]): string {
  const forms = secrets.filter((secret) => secret !== "").flatMap(encodings);
  // Longest first: a short form may be a part of a longer one and would leave the rest readable.
  forms.sort((a, b) => b.length - a.length);
  return forms.reduce((masked, form) => masked.replaceAll(form, MASK), text);
}

function encodings(secret: string): string[] {
  const base64 = Buffer.from(secret, "utf8").toString("base64");
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64, base64.replace(/=+$/, "")];
}
