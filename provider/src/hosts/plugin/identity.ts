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
 * Under this name the inputs hold which owner and stack a plugin would have given, where the state came with others. Neither the engine
 * shows a name with two underscores, nor are there arguments of such names.
 */
export const KEPT_FOR = "__keptFor";

/** A URN is `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`. */
export function parseUrn(urn: string): Urn {
  const [stack = "", project = "", qualified = "", ...name] = urn.replace(/^urn:pulumi:/, "").split("::");
  const parents = qualified.split("$");
  return { stack, project, type: parents.pop() ?? "", parents, name: name.join("::") };
}

/**
 * The digests of a resource and its stack, from what a URN tells, under the names that every host gives them. The dynamic host knows
 * more, the organization and the names of the ancestors. What it has written stays, so that a stack which moves here changes nothing:
 * the owner until the URN is another one, and the stack until that of the URN is, so that a rename costs no request here either.
 * `olds` are the inputs of the last run.
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
