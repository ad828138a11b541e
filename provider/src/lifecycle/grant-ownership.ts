import { AlreadyExistsError } from "../nylas/errors.js";
import type { Grant } from "../nylas/wire.js";
import type { GrantArguments } from "./grant-arguments.js";
import { asText, type Values } from "./lifecycle.js";
import { parseMarker } from "./ownership.js";
import type { Run } from "./run.js";

/** Whether taking the grant means adopting it; throws when it is not this resource's to take. */
export function claim(run: Run, args: GrantArguments, found: Grant): boolean {
  const marker = parseMarker(found.state);
  const ours = marker !== undefined && marker.owner === args.owner;
  // Made by this resource in a run that ended before Pulumi could save it.
  if (ours && !marker.adopted) return false;
  if (args.onExisting === "adopt" && found.provider === "imap") return true;
  throw grantExists(run, args, found);
}

export function grantExists(
  run: Run,
  args: GrantArguments,
  found: Grant,
  effect = "Nothing was changed",
): AlreadyExistsError {
  const whose =
    found.provider === "imap"
      ? parseMarker(found.state) === undefined
        ? "it carries no marker of this package, so somebody else made it (or Nylas does not return the marker)"
        : "another resource or stack made it with this package"
      : `its provider is ${found.provider}, which cannot be adopted as IMAP`;
  const adopt = found.provider === "imap" ? `set onExisting: "adopt" to take it over (it then stays at destroy), ` : "";
  return new AlreadyExistsError({
    code: "grant_exists",
    operation: `Creating a grant for ${args.imapUsername} in application "${run.client.settings.application}"`,
    answer: `the mailbox has grant ${found.id} already; ${whose}. ${effect}`,
    remedy: `${adopt}or refer to it with ByoImapGrant.get(name, "${found.id}"), or delete it if its history may be lost`,
  });
}

/** An update must not take a grant back that another resource has adopted meanwhile. */
export function refuseForeign(operation: string, found: Grant, olds: Values): void {
  const ours = parseMarker(asText(olds.marker))?.owner;
  const marked = parseMarker(found.state)?.owner;
  if (ours === undefined || marked === undefined || marked === ours) return;
  throw new AlreadyExistsError({
    code: "grant_exists",
    operation,
    answer: "another resource or stack has adopted the grant since; nothing was changed",
    remedy:
      "change the password where the grant is managed now, and remove this resource from the program: its grant stays",
  });
}

/** Whether somebody else's authentication stands on the grant: its marker, or one of this run that the marker may not show. */
export function isTaken(run: Run, found: Grant, props: Values): boolean {
  const ours = parseMarker(asText(props.marker))?.owner;
  if (ours === undefined) return false;
  const others = [run.authenticatedBy.get(found.id), parseMarker(found.state)?.owner];
  return others.some((owner) => owner !== undefined && owner !== ours);
}
