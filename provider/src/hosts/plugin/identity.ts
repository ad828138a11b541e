import { ownerDigest } from "../../core/ownership/marker.js";
import { asText, type Values } from "../../core/properties/values.js";

/** What a URN tells of a resource. */
interface Urn {
  stack: string;
  project: string;
  /** Types of the ancestors, outermost first. */
  parents: string[];
  type: string;
  name: string;
}

/** The organization never reaches a plugin. */
const ORGANIZATION = "organization";

/**
 * The input that holds, as `owner:stack`, the digests that this host would have given, while a state keeps those of the dynamic host. The
 * engine does not show names that begin with two underscores, and no argument has such a name.
 */
export const KEPT_FOR = "__keptFor";

/** A URN is `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`. */
export function parseUrn(urn: string): Urn {
  const [stack = "", project = "", qualified = "", ...name] = urn.replace(/^urn:pulumi:/, "").split("::");
  const parents = qualified.split("$");
  return { stack, project, type: parents.pop() ?? "", parents, name: name.join("::") };
}

/**
 * The digests of a resource and its stack, from its URN. The dynamic host knows more, the organization and the names of the ancestors, so
 * its digests differ. A state that comes from it keeps them, so that the move changes nothing: `owner` until the URN changes, and `stack`
 * until the project or stack in the URN changes. `olds` are the inputs of the last run.
 */
export function identityOf(urn: string, olds: Values): Values {
  const { stack, project, parents, type, name } = parseUrn(urn);
  const place = [ORGANIZATION, project, stack];
  const ancestors = parents.length === 0 ? [] : [parents.join("$")];
  const written = type.replace(/^nylas:index:/, "pulumi-nodejs:dynamic/nylas:");
  const own = { owner: ownerDigest([...place, written, name, ...ancestors]), stack: ownerDigest(place) };
  const [ofOwner, ofStack] = asText(olds[KEPT_FOR])?.split(":") ?? [];
  const kept = (name: "owner" | "stack", of: string | undefined) => {
    const isKept = olds.__provider !== undefined || of === own[name];
    return (isKept ? asText(olds[name]) : undefined) ?? own[name];
  };
  const identity = { owner: kept("owner", ofOwner), stack: kept("stack", ofStack) };
  const isOwn = identity.owner === own.owner && identity.stack === own.stack;
  return { ...identity, [KEPT_FOR]: isOwn ? undefined : `${own.owner}:${own.stack}` };
}
