import { REFUSALS } from "../../../conventions/refusals.js";

const MAX_PORT = 65_535;

/** The submitted values by setting name. */
export type FormValues = Readonly<Record<string, string>>;

export interface Field {
  name: string;
  label: string;
  type: "text" | "password" | "number";
  autocomplete: string;
  inputmode?: string;
  initial?: string;
}

/** Why the form is shown again. */
export interface FormProblem {
  /** Nylas's name for the error, if it has one. */
  type?: string;
  message: string;
  /** Names of the fields to mark as invalid. */
  fields: readonly string[];
}

export const IMAP_FIELDS: readonly Field[] = [
  // Not type="email": a user name of a mail server need not be an address.
  { name: "imap_username", label: "E-mail address", type: "text", autocomplete: "username", inputmode: "email" },
  { name: "imap_password", label: "Password", type: "password", autocomplete: "current-password" },
  { name: "imap_host", label: "IMAP server", type: "text", autocomplete: "off", inputmode: "url" },
  { name: "imap_port", label: "IMAP port", type: "number", autocomplete: "off", initial: "993" },
];

export const SMTP_FIELDS: readonly Field[] = [
  { name: "smtp_host", label: "SMTP server", type: "text", autocomplete: "off", inputmode: "url" },
  { name: "smtp_port", label: "SMTP port", type: "number", autocomplete: "off", initial: "465" },
];

/** Marks both fields: the mail server does not say which one is wrong. */
export const WRONG_PASSWORD: FormProblem = {
  type: REFUSALS.formWrongPassword.type,
  message: REFUSALS.formWrongPassword.text,
  fields: ["imap_username", "imap_password"],
};

/** Repeats the validation that browsers do before they submit the form. */
export function problemOf(form: FormValues, smtpRequired: boolean): FormProblem | undefined {
  const needed = smtpRequired ? [...IMAP_FIELDS, ...SMTP_FIELDS] : IMAP_FIELDS;
  const missing = needed.filter(({ name }) => !form[name]);
  if (missing.length > 0) return about("Please fill in", missing);
  const wrong = [...IMAP_FIELDS, ...SMTP_FIELDS].filter(({ name, type }) => {
    return type === "number" && form[name] && !isPort(form[name]);
  });
  return wrong.length > 0 ? about(`Please give a number from 1 to ${MAX_PORT}`, wrong) : undefined;
}

function about(wish: string, fields: readonly Field[]): FormProblem {
  return {
    message: `${wish}: ${fields.map(({ label }) => label).join(", ")}.`,
    fields: fields.map(({ name }) => name),
  };
}

function isPort(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_PORT;
}
