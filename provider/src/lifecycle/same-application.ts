import { AccessError } from "../errors.js";
import type { NylasClient } from "../nylas/client.js";
import { environmentVariable } from "../settings.js";

/**
 * Returns the id of the key's application; throws `wrong_application` if the object was created in another one. Every read,
 * update and delete calls this first. With another application's key every object looks deleted, and Pulumi would create a
 * second grant, whose mailbox has other object ids.
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
