/** The providers that Nylas has connectors for. */
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
