import type { MailboxStore } from "../mail-server/mailbox-store.js";
import type { Endpoint } from "../options.js";
import type { Store } from "../store/store.js";
import type { GrantStatus } from "../store/types.js";
import type { FaultRules, RuleReport } from "./fault-rules.js";
import type { LoggedRequest, RequestLog } from "./request-log.js";

/** The embedded mail servers. */
export interface MailEndpoints {
  imap: Endpoint;
  imapStarttls: Endpoint;
  smtp: Endpoint;
}

/** What the page shows: everything in one answer, and no secret. */
export interface Overview {
  applicationId: string;
  connectors: { provider: string; name?: string }[];
  grants: { id: string; provider: string; email: string; grant_status: GrantStatus; blocked: boolean }[];
  /** Only with `--mail`. */
  mail?: MailEndpoints & { mailboxes: { username: string; messages: number }[] };
  faults: RuleReport[];
  /** The last ones, newest first. */
  requests: LoggedRequest[];
}

export interface OverviewDependencies {
  control: { requests: Pick<RequestLog, "latest">; rules: Pick<FaultRules, "list"> };
  store: Pick<Store, "applicationId" | "connectors" | "grants">;
  /** The embedded servers' mailboxes and addresses; only with `--mail`. */
  mailboxes: Pick<MailboxStore, "users" | "folder"> | undefined;
  mailServers: MailEndpoints | undefined;
}

const SHOWN_REQUESTS = 50;

export function overview({ control, store, mailboxes, mailServers }: OverviewDependencies): Overview {
  return {
    applicationId: store.applicationId,
    connectors: store.connectors().map(({ provider, name }) => ({ provider, ...(name === undefined ? {} : { name }) })),
    grants: store.grants().map(({ id, provider, email, status, blocked }) => {
      return { id, provider, email, grant_status: status, blocked: blocked ?? false };
    }),
    ...(mailboxes === undefined || mailServers === undefined ? {} : { mail: mailOf(mailboxes, mailServers) }),
    faults: control.rules.list(),
    requests: control.requests.latest(SHOWN_REQUESTS),
  };
}

function mailOf(
  mailboxes: NonNullable<OverviewDependencies["mailboxes"]>,
  { imap, imapStarttls, smtp }: MailEndpoints,
): NonNullable<Overview["mail"]> {
  const views = mailboxes.users().map(({ username }) => {
    return { username, messages: mailboxes.folder(username, "INBOX")?.messages.length ?? 0 };
  });
  return { imap, imapStarttls, smtp, mailboxes: views };
}
