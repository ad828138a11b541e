import {
  ADDRESSES,
  IAM_PERMISSIONS,
  IAM_PRINCIPALS,
  IMAP_TROUBLESHOOTING,
  type Source,
  VALIDATION_LOGS,
  WEBHOOK_SCHEMAS,
} from "./sources.js";

/** What Nylas does and no request to the emulator can show. */
export interface Besides {
  fact: string;
  source: Source;
  /** What the emulator does in its place. */
  here: string;
}

export const BESIDES: readonly Besides[] = [
  {
    fact: "A permission of a key counts only if the key's resource binding supports it: to the organization, an application, a workspace or a grant",
    source: IAM_PERMISSIONS,
    here: "`--behavior deniedPermissions=…` plays a key that lacks the permissions of your choice, for whatever reason. That a key bound to a workspace or a grant lacks `applications.read` is assumed",
  },
  {
    fact: "Principals and their credentials are managed at `/v3/iam/principals`, with keys that are bound to the organization",
    source: IAM_PRINCIPALS,
    here: "501",
  },
  {
    fact: "A mailbox whose server changes UIDVALIDITY with each session is no longer synced",
    source: IMAP_TROUBLESHOOTING,
    here: "keeps no copy of a mailbox, and reads it anew for each request",
  },
  {
    fact: "The Dashboard has a log of why a log-in at an IMAP or SMTP server failed",
    source: VALIDATION_LOGS,
    here: "the message of the refusal says why",
  },
  {
    fact: "Requests to mail servers come from fixed addresses for customers with a contract about it",
    source: ADDRESSES,
    here: "they come from the machine that it runs on",
  },
  {
    fact: "Webhooks tell of grants, with the further provider `eas`",
    source: WEBHOOK_SCHEMAS,
    here: "sends none; `/v3/webhooks` answers 501",
  },
];
