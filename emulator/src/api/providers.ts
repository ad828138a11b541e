import { answer } from "../conventions/answer.js";
import { ApiError } from "../conventions/errors.js";
import type { Api } from "../http/context.js";
import type { MailboxStore } from "../mail-server/mailbox-store.js";

export interface ProviderDependencies {
  /** The embedded servers' mailboxes; only with `--mail`. */
  mailboxes: Pick<MailboxStore, "hasDomain"> | undefined;
}

const PROVIDER_BY_DOMAIN: Readonly<Record<string, { provider: string; type: string }>> = {
  "gmail.com": { provider: "google", type: "google" },
  "googlemail.com": { provider: "google", type: "google" },
  "outlook.com": { provider: "microsoft", type: "microsoft" },
  "hotmail.com": { provider: "microsoft", type: "microsoft" },
  "live.com": { provider: "microsoft", type: "microsoft" },
  "icloud.com": { provider: "icloud", type: "icloud" },
  "me.com": { provider: "icloud", type: "icloud" },
  "yahoo.com": { provider: "yahoo", type: "yahoo" },
  "fastmail.com": { provider: "imap", type: "fastmail" },
  "gmx.com": { provider: "imap", type: "gmx" },
  "aol.com": { provider: "imap", type: "aol" },
  "zoho.com": { provider: "imap", type: "zoho" },
};

export function providerRoutes(api: Api, { mailboxes }: ProviderDependencies): void {
  api.post("/v3/providers/detect", (context) => {
    const email = context.req.query("email") ?? "";
    const domain = /^[^\s@]+@([^\s@]+)$/.exec(email)?.[1]?.toLowerCase();
    if (domain === undefined) throw ApiError.of("detectWithoutAddress");
    const known = Object.hasOwn(PROVIDER_BY_DOMAIN, domain) ? PROVIDER_BY_DOMAIN[domain] : undefined;
    const found = known ?? (mailboxes?.hasDomain(domain) ? { provider: "imap", type: "generic" } : undefined);
    return answer(context, { email_address: email, detected: found !== undefined, ...found });
  });
}
