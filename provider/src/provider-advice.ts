/** What someone with a mailbox at a well-known provider should know before its first log-in. */
interface MailProvider {
  /** Its IMAP servers, and the ends of their names. */
  servers: readonly string[];
  /** Domains of its addresses. */
  domains: readonly string[];
  advice: string;
}

/**
 * @see https://developer.nylas.com/docs/provider-guides/app-passwords/
 * @see https://developer.nylas.com/docs/v3/auth/imap/
 * @see https://developer.nylas.com/docs/provider-guides/icloud/
 */
const PROVIDERS: readonly MailProvider[] = [
  {
    servers: ["mail.me.com"],
    domains: ["icloud.com", "me.com", "mac.com"],
    advice:
      "iCloud accepts only an app-specific password, and its SMTP server smtp.mail.me.com listens on port 587 (smtpPort) and not on 465. " +
      "IMAP brings e-mail alone; Nylas's connector icloud has the calendar too",
  },
  {
    servers: ["mail.yahoo.com"],
    domains: ["yahoo.com", "ymail.com", "rocketmail.com"],
    advice: "Nylas recommends its connector yahoo (OAuth) instead of IMAP, where Yahoo accepts only an app password",
  },
  {
    servers: ["imap.gmail.com", "imap.googlemail.com"],
    domains: ["gmail.com", "googlemail.com"],
    advice:
      "Gmail accepts only an app password. IMAP brings e-mail alone; Nylas's connector google (OAuth) has the calendar too",
  },
  {
    servers: ["outlook.office365.com", "outlook.office.com", "imap-mail.outlook.com"],
    domains: ["outlook.com", "hotmail.com", "live.com"],
    advice: "Microsoft refuses passwords over IMAP for its hosted mail; use Nylas's connector microsoft (OAuth)",
  },
  { servers: ["imap.aol.com"], domains: ["aol.com"], advice: "AOL accepts only an app password" },
  {
    servers: ["imap.fastmail.com", "imap.messagingengine.com"],
    domains: ["fastmail.com", "fastmail.fm"],
    advice: "Fastmail accepts only an app password",
  },
  {
    servers: ["zoho.com", "zoho.eu", "zoho.in"],
    domains: ["zoho.com", "zohomail.com", "zohomail.eu"],
    advice: "Zoho accepts only an app password where two-factor authentication is on, and IMAP must be enabled",
  },
];

const EXCHANGE = "IMAP brings e-mail alone; Nylas's connector ews has the calendar of an Exchange server too";

/** Advice about the provider that runs this IMAP server; `undefined` if there is none. */
export function adviceForServer(host: string): string | undefined {
  const name = host.toLowerCase().replace(/\.$/, "");
  return PROVIDERS.find(({ servers }) => servers.some((server) => name === server || name.endsWith(`.${server}`)))
    ?.advice;
}

/** Advice about a password that was refused; `undefined` if there is none. Google shows app passwords in four groups. */
export function adviceForPassword(password: string): string | undefined {
  if (!password.includes(" ")) return undefined;
  return "an app password is given without the blanks between the groups in which some providers show it";
}

/** Advice about an address whose provider Nylas calls by this name. */
export function adviceForAddress(email: string, provider: string | undefined): string | undefined {
  const domain = email.slice(email.lastIndexOf("@") + 1).toLowerCase();
  return provider === "ews" || provider === "eas"
    ? EXCHANGE
    : PROVIDERS.find(({ domains }) => domains.includes(domain))?.advice;
}
