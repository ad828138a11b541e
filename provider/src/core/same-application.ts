import { AccessError } from "../errors.js";
import { sentences } from "../host.js";
import { type ApplicationRun, inApplication, type Run } from "./session.js";

/**
 * Returns the run whose key is of the application that the object was made in, if it was made; throws `wrong_application` if there
 * is no such key. Every read, update and delete calls this before its first request about the object. With another application's key every
 * object looks deleted, and Pulumi would create a second grant, whose mailbox has other object ids.
 */
export async function sameApplication(
  given: Run,
  madeIn: string | undefined,
  operation: string,
  what = "it",
): Promise<ApplicationRun> {
  const run = madeIn === undefined ? given : await given.withKeyOf(madeIn);
  const { applicationId } = await run.client.application();
  if (madeIn === undefined || madeIn === applicationId) return inApplication(run, applicationId);
  const { application } = run.client.settings;
  throw new AccessError({
    code: "wrong_application",
    operation,
    answer: `${what} was made in application ${madeIn}, but the API key belongs to ${applicationId}; nothing was changed`,
    remedy: sentences(
      `give the key of application ${madeIn} in ${run.host.wording.setting.place(application, "apiKey")}`,
      run.host.wording.staleSettings,
      run.host.wording.toMove,
    ),
  });
}

/**
 * Returns the run whose key is of the application that the other resources of the program were made in, as far as they have been
 * planned; throws `wrong_application` if there is no such key. Another one would get the mailbox's password.
 */
export async function applicationOfProgram(given: Run, operation: string): Promise<ApplicationRun> {
  const known = given.owners.applications();
  const { applicationId } = await given.client.application();
  const madeIn = known.includes(applicationId) ? undefined : known[0];
  return sameApplication(given, madeIn, operation, "the rest of the program");
}
