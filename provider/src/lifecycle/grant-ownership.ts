import { AlreadyExistsError } from "../nylas/errors.js";
import type { Grant } from "../nylas/wire.js";
import type { GrantArguments } from "./grant-arguments.js";
import { asText, type Values } from "./lifecycle.js";
import { parseMarker } from "./ownership.js";
import type { Run } from "./run.js";

/** Whether taking the grant means adopting it; throws when it is not this resource's to take. */
export function claim(run: Run, args: GrantArguments, found: Grant): boolean {
  if (run.holders.isOther(found.id, args.owner)) throw grantExists(run, args, found);
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
  const adopt = found.provider === "imap" ? `set onExisting: "adopt" to take it over (it then stays at destroy), ` : "";
  return new AlreadyExistsError({
    code: "grant_exists",
    operation: `Creating a grant for ${args.imapUsername} in application "${run.client.settings.application}"`,
    answer: `the mailbox has grant ${found.id} already; ${whose(run, args, found)}. ${effect}`,
    remedy: `${adopt}or refer to it with ByoImapGrant.get(name, "${found.id}"), or delete it if its history may be lost`,
  });
}

function whose(run: Run, args: GrantArguments, found: Grant): string {
  if (run.holders.isOther(found.id, args.owner)) return "another resource of this program holds it";
  if (found.provider !== "imap") return `its provider is ${found.provider}, which cannot be adopted as IMAP`;
  const owner = parseMarker(found.state)?.owner;
  if (owner === args.owner) return "this resource adopted it once, and left it in place";
  if (owner !== undefined) return "another resource or stack made or adopted it with this package";
  return "it carries no marker of this package, so somebody else made it (or Nylas does not return the marker)";
}

/** An update must not take a grant back, unasked, that another resource has adopted meanwhile. */
export function refuseForeign(operation: string, found: Grant, olds: Values, args: GrantArguments): void {
  if (args.onExisting === "adopt") return;
  const ours = parseMarker(asText(olds.marker))?.owner;
  const marked = parseMarker(found.state)?.owner;
  if (ours === undefined || marked === undefined || marked === ours) return;
  throw new AlreadyExistsError({
    code: "grant_exists",
    operation,
    answer: "another resource or stack has adopted the grant since; nothing was changed",
    remedy:
      'change the password where the grant is managed now, and remove this resource from the program: its grant stays. If nothing manages it any more, set onExisting: "adopt" to take it back',
  });
}

/** Whether somebody else holds the grant: by its marker, or by this run, whose marker Nylas may not show. */
export function isTaken(run: Run, found: Grant, props: Values): boolean {
  if (run.holders.isOther(found.id, asText(props.owner))) return true;
  const ours = parseMarker(asText(props.marker))?.owner;
  const marked = parseMarker(found.state)?.owner;
  return ours !== undefined && marked !== undefined && marked !== ours;
}
