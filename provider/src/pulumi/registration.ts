import * as pulumi from "@pulumi/pulumi";
import { InvalidInputError, type NylasErrorFacts } from "../errors.js";
import { ownerDigest } from "../lifecycle/marker.js";
import { DEFAULT_APPLICATION, readingNamespace } from "../settings.js";

/** Module part of the type tokens `pulumi-nodejs:dynamic/nylas:…`. */
export const MODULE = "nylas";

/** Outputs as a resource class declares them. */
export type Outputs<T> = { readonly [Name in keyof T]: pulumi.Output<T[Name]> };

/**
 * The user's options with the order of a replacement settled: the old object goes before its successor comes. The other way
 * round, creating would re-authenticate the very grant that the following delete destroys; the engine asks no `diff` for
 * `--replace`, so only the resource option holds then.
 */
export function resourceOptions(opts: pulumi.CustomResourceOptions | undefined): pulumi.CustomResourceOptions {
  return pulumi.mergeOptions(opts, { deleteBeforeReplace: true });
}

/** Who this resource is, for the marker on its grant. The parent counts: two components may use one name. */
export function ownerOf(name: string, type: string, opts: pulumi.ResourceOptions | undefined): pulumi.Input<string> {
  const own = [organization(), pulumi.getProject(), pulumi.getStack(), type, name];
  const { parent } = opts ?? {};
  if (parent === undefined) return ownerDigest(own);
  // A promise rather than the output itself: that would make the child depend on all its parent's children, itself included.
  return new Promise<string>((resolve) => {
    parent.urn.apply((urn) => resolve(ownerDigest([...own, urn])));
  });
}

/** The stack that this resource belongs to, for the marker on its grant: a take-over within it is a rename. */
export function stackDigest(): string {
  return ownerDigest([organization(), pulumi.getProject(), pulumi.getStack()]);
}

/** What backends without organizations give for one. */
const DEFAULT_ORGANIZATION = "organization";

function organization(): string {
  try {
    return pulumi.getOrganization();
  } catch (error) {
    // Under `setMocks`, which has no engine, a unit test need not name one. With an engine there is no substitute: a marker
    // with the wrong owner would make this resource's own grant look like somebody else's.
    if (pulumi.runtime.getEngine() !== undefined) throw error;
    return DEFAULT_ORGANIZATION;
  }
}

/** Refuses an API key that stands in clear in the stack's configuration, and with it in every checkpoint. */
export function refusePlainKey(application: string = DEFAULT_APPLICATION): void {
  const key = `${application}:apiKey`;
  // The runtime exports it without declaring it; there is no declared way to learn whether a value is a secret.
  const { isConfigSecret } = pulumi.runtime as typeof pulumi.runtime & { isConfigSecret?: (key: string) => boolean };
  if (pulumi.runtime.getConfig(key) === undefined || isConfigSecret === undefined || isConfigSecret(key)) return;
  throw refusal({
    operation: readingNamespace(application),
    answer: `${key} is configured in clear`,
    remedy:
      `run \`pulumi config set --secret ${key}\` (it asks for the key), and give the old key up: ` +
      "it stands in the stack's configuration file and in its history",
  });
}

/**
 * An error that ends the program. Pulumi prints the message without a stack, as it does for its own `RunError`, which it
 * knows by this property because a program may load several copies of the SDK.
 */
export function refusal(facts: Omit<NylasErrorFacts, "code">): InvalidInputError {
  return Object.assign(new InvalidInputError({ ...facts, code: "invalid_input" }), { __pulumiRunError: true });
}
