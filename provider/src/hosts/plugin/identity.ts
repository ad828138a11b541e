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

/** Under this name the inputs hold which owner a plugin would have given, where the state came with another one. */
export const KEPT_FOR = "keptFor";

/** A URN is `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`. */
export function parseUrn(urn: string): Urn {
  const [stack = "", project = "", qualified = "", ...name] = urn.replace(/^urn:pulumi:/, "").split("::");
  const parents = qualified.split("$");
  return { stack, project, type: parents.pop() ?? "", parents, name: name.join("::") };
}

/**
 * The digests of a resource and its stack, from what a URN tells, under the names that every host gives them. The dynamic host knows
 * more, the organization and the names of the ancestors: an owner that it has written stays, so that a stack which moves here writes
 * nothing at Nylas, until the URN is another one. `olds` are the inputs of the last run.
 */
export function identityOf(urn: string, olds: Values): Values {
  const { stack, project, parents, type, name } = parseUrn(urn);
  const place = [ORGANIZATION, project, stack];
  const ancestors = parents.length === 0 ? [] : [parents.join("$")];
  const written = type.replace(/^nylas:index:/, "pulumi-nodejs:dynamic/nylas:");
  const own = { owner: ownerDigest([...place, written, name, ...ancestors]), stack: ownerDigest(place) };
  const isKept = olds.__provider !== undefined || olds[KEPT_FOR] === own.owner;
  const owner = asText(olds.owner);
  if (!isKept || owner === undefined || owner === own.owner) return own;
  return { owner, stack: olds.stack ?? own.stack, [KEPT_FOR]: own.owner };
}
