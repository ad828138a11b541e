import { AccessError } from "../errors.js";
import type { NylasClient } from "../nylas/client.js";
import { environmentVariable } from "../settings.js";

/**
 * The key's application id, after making sure that it is the one the object was made in. Every read, write and delete asks
 * here first: with another application's key each object looks deleted, and believing that would cost the mailbox its history.
 */
export async function sameApplication(client: NylasClient, madeIn: unknown, operation: string): Promise<string> {
  const { applicationId } = await client.application();
  if (typeof madeIn !== "string" || madeIn === applicationId) return applicationId;
  const { application } = client.settings;
  throw new AccessError({
    code: "wrong_application",
    operation,
    answer: `it was made in application ${madeIn}, but the API key belongs to ${applicationId}; nothing was changed`,
    remedy:
      `give the key of application ${madeIn} in ${application}:apiKey or ${environmentVariable(application, "apiKey")}; ` +
      `to move on purpose, give the resource another \`application\` or destroy it with the old key first`,
  });
}
