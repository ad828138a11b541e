import * as v from "valibot";
import { readGrantState } from "../core/grant/state.js";
import type { Marker } from "../core/ownership/marker.js";
import { asText } from "../core/properties/values.js";
import { InvalidInputError } from "../errors.js";
import { DEFAULT_APPLICATION } from "../settings.js";

/** A grant that a stack manages. */
export interface ManagedGrant {
  id: string;
  marker: Marker | undefined;
  /** The configuration namespace of its application; `undefined` if the program has given it a provider. */
  application: string | undefined;
  applicationId: string | undefined;
  email: string | undefined;
  createdAt: string | undefined;
}

/** What an exported stack says about grants. */
export interface StackState {
  /** By id. */
  grants: ReadonlyMap<string, ManagedGrant>;
  /** The digests of the stack's name, as markers hold them. */
  stacks: ReadonlySet<string>;
  /** As the resources' URNs have them. */
  name: string | undefined;
  project: string | undefined;
}

/** The type of a grant in a TypeScript program's state; frozen, as states of every released version have it. */
export const GRANT_TYPE = "pulumi-nodejs:dynamic/nylas:ByoImapGrant";
/** With the native provider's type. */
const GRANT_TYPES: readonly string[] = [GRANT_TYPE, "nylas:index:ByoImapGrant"];

const values = v.optional(v.record(v.string(), v.unknown()), {});

const Exported = v.object({
  deployment: v.object({
    resources: v.optional(
      v.array(
        v.object({
          type: v.string(),
          urn: v.fallback(v.optional(v.string()), undefined),
          id: v.optional(v.string()),
          external: v.optional(v.boolean()),
          provider: v.fallback(v.optional(v.string()), undefined),
          inputs: values,
          outputs: values,
        }),
      ),
      [],
    ),
  }),
});

/** Reads the output of `pulumi stack export`. Grants that the stack only refers to are left out. */
export function readStackState(json: string): StackState {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Exported), json);
  if (!parsed.success) {
    throw new InvalidInputError({
      code: "invalid_input",
      operation: "Reading the stack's state",
      answer: "it is not what `pulumi stack export` prints",
      remedy: "run `pulumi stack export --file state.json`, then `nylas-imap doctor --state state.json`",
    });
  }
  const grants = parsed.output.deployment.resources
    .filter(
      ({ type, external, id }) => GRANT_TYPES.includes(type) && external !== true && id !== undefined && id !== "",
    )
    .map(({ id = "", type, provider, inputs, outputs }) => {
      const { marker, applicationId, email, createdAt, declared } = readGrantState(outputs);
      // A renamed stack whose `up` has failed has its new name in the inputs alone.
      const stacks = [declared.stack, readGrantState(inputs).declared.stack];
      const isOfProvider =
        type !== GRANT_TYPE && provider !== undefined && !/::default(_[^:]*)?::[^:]*$/.test(provider);
      const named = asText(outputs.application) ?? asText(inputs.application);
      const application = named ?? (isOfProvider ? undefined : DEFAULT_APPLICATION);
      return { id, marker, application, applicationId, email, createdAt, stacks };
    });
  const stacks = grants.flatMap(({ marker, stacks: named }) => [marker?.stack, ...named]);
  const [first] = parsed.output.deployment.resources;
  const [, name, project] = /^urn:pulumi:([^:]+)::([^:]+)::/.exec(first?.urn ?? "") ?? [];
  return {
    grants: new Map(grants.map((grant) => [grant.id, grant])),
    stacks: new Set(stacks.filter((stack) => stack !== undefined)),
    name,
    project,
  };
}
