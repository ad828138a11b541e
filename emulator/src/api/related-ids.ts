import type { Behaviors } from "../behaviors.js";

// Made up. Every emulator has one application, which has one workspace and needs one credential.
export const WORKSPACE_ID = "2a6b5f0c-1d7e-4c52-9b38-60f3c1e7a914";
const CREDENTIAL_ID = "8f41c7d2-53aa-4e0b-8d16-b79e24c5f063";

/** Nylas may leave the workspace out when it is the default one. IMAP needs no credential, so there may be none to name. */
export function relatedIdsOfGrant({ relatedIds }: Behaviors): Record<string, unknown> {
  return relatedIds === "shown" ? { workspace_id: WORKSPACE_ID, credential_id: CREDENTIAL_ID } : {};
}

export function relatedIdsOfConnector({ relatedIds }: Behaviors): Record<string, unknown> {
  return relatedIds === "shown" ? { active_credential_id: CREDENTIAL_ID } : {};
}
