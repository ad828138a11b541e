import type { Behaviors } from "../../behaviors.js";
import type { StoredGrant } from "../../store/types.js";
import { relatedIdsOfGrant } from "../related-ids.js";

/** A grant as the API shows it. */
export function grantView(grant: StoredGrant, behaviors: Behaviors): Record<string, unknown> {
  return {
    id: grant.id,
    provider: grant.provider,
    grant_status: grant.status,
    email: grant.email,
    ...scopeOf(grant, behaviors),
    ...(grant.userAgent === undefined ? {} : { user_agent: grant.userAgent }),
    ...(grant.ip === undefined ? {} : { ip: grant.ip }),
    ...(grant.state === undefined || behaviors.stateEcho === "omitted" ? {} : { state: grant.state }),
    created_at: grant.createdAt,
    updated_at: grant.updatedAt,
    provider_user_id: grant.email,
    ...settingsOf(grant, behaviors),
    blocked: grant.blocked ?? false,
    ...relatedIdsOfGrant(behaviors),
    ...(grant.workspaceId === undefined ? {} : { workspace_id: grant.workspaceId }),
  };
}

/** A grant in a list. */
export function listedView(grant: StoredGrant, behaviors: Behaviors): Record<string, unknown> {
  return { ...grantView(grant, behaviors), email: listedAddress(grant, behaviors) };
}

function listedAddress({ email }: StoredGrant, { listedAddress }: Behaviors): string | null {
  switch (listedAddress) {
    case "shown":
      return email;
    case "null":
      return null;
    case "empty":
      return "";
    case "named":
      return `Mailbox <${email}>`;
    case "padded":
      return `${email} `;
  }
}

function scopeOf(grant: StoredGrant, { scope }: Behaviors): Record<string, unknown> {
  if (grant.scope !== undefined) return { scope: grant.scope };
  if (scope === "absent") return {};
  return { scope: scope === "null" ? null : [] };
}

function settingsOf({ settings }: StoredGrant, { settingsEcho }: Behaviors): Record<string, unknown> {
  if (settingsEcho === "omitted") return {};
  if (settingsEcho === "full") return { settings };
  const { imap_password: _imap, smtp_password: _smtp, ...shown } = settings;
  return { settings: shown };
}
