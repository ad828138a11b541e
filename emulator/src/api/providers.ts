/** Nylas: the providers a connector can be for. */
export const PROVIDERS: readonly string[] = [
  "google",
  "microsoft",
  "imap",
  "icloud",
  "yahoo",
  "ews",
  "virtual-calendar",
  "zoom",
  "nylas",
];
