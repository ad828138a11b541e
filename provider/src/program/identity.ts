import * as pulumi from "@pulumi/pulumi";
import { ownerDigest } from "../core/ownership/marker.js";
import { InvalidInputError, type NylasErrorFacts } from "../errors.js";
import { nearest } from "../nearest.js";
import { DEFAULT_APPLICATION, readingNamespace, SETTING_NAMES } from "../settings.js";
import { onceInRun } from "./once-in-run.js";

/** Module part of the type tokens `pulumi-nodejs:dynamic/nylas:…`. */
export const MODULE = "nylas";

/** The output properties of a resource class. */
export type Outputs<T> = { readonly [Name in keyof T]: pulumi.Output<T[Name]> };

/**
 * The user's options with `deleteBeforeReplace` and without `replaceOnChanges`. In the opposite order, the creation would
 * re-authenticate the existing grant, and the deletion that follows would destroy it. `diff` asks for the same order, but the
 * engine skips `diff` for `--replace`. `replaceOnChanges: ["*"]` makes the engine replace a resource whose last update failed
 * halfway, whatever `diff` says.
 */
export function resourceOptions(opts: pulumi.CustomResourceOptions | undefined): pulumi.CustomResourceOptions {
  return { ...pulumi.mergeOptions(opts, { deleteBeforeReplace: true }), replaceOnChanges: [] };
}

/** The owner's digest of this resource. Includes the parent, because two components may have children of the same name. */
export function ownerOf(name: string, type: string, opts: pulumi.ResourceOptions | undefined): pulumi.Input<string> {
  const own = [organization(), pulumi.getProject(), pulumi.getStack(), type, name];
  const { parent } = opts ?? {};
  if (parent === undefined) return ownerDigest(own);
  // Pass a promise: passing the output would make the child depend on all children of its parent, including itself.
  return new Promise<string>((resolve) => {
    parent.urn.apply((urn) => resolve(ownerDigest([...own, urn])));
  });
}

/** The digest of this resource's stack. If a resource takes over from another of its own stack, it has been renamed. */
export function stackDigest(): string {
  return ownerDigest([organization(), pulumi.getProject(), pulumi.getStack()]);
}

/** The organization's name in backends without organizations. */
const DEFAULT_ORGANIZATION = "organization";

function organization(): string {
  try {
    return pulumi.getOrganization();
  } catch (error) {
    // Unit tests with `setMocks` have no engine and need not set an organization. With an engine there is no fallback: a wrong
    // organization would make the resource's own grant look like another owner's.
    if (pulumi.runtime.getEngine() !== undefined) throw error;
    return DEFAULT_ORGANIZATION;
  }
}

/** Throws if the stack's configuration of an application has a mistake that only the program can see. */
export function checkConfiguration(application: string = DEFAULT_APPLICATION): void {
  onceInRun(application, () => {
    refusePlainKey(application);
    refuseUnknownSettings(application);
  });
}

/** An API key that is plain text in the configuration would be plain text in every checkpoint. */
function refusePlainKey(application: string): void {
  const key = `${application}:apiKey`;
  // `pulumi.runtime` exports this function but does not declare it. No declared function tells whether a value is secret.
  const { isConfigSecret } = pulumi.runtime as typeof pulumi.runtime & { isConfigSecret?: (key: string) => boolean };
  if (pulumi.runtime.getConfig(key) === undefined || isConfigSecret === undefined || isConfigSecret(key)) return;
  throw refusal({
    operation: readingNamespace(application),
    answer: `${key} is configured in clear`,
    remedy:
      `run \`pulumi config set --secret ${key}\` (it asks for the key), and revoke the old key: ` +
      "it stands in the stack's configuration file and in its history",
  });
}

/** A misspelt setting would leave the default in force. */
function refuseUnknownSettings(application: string): void {
  // The project's own configuration has its name as namespace.
  if (application === pulumi.getProject()) return;
  const prefix = `${application}:`;
  const unknown = Object.keys(pulumi.runtime.allConfig())
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length))
    .filter((name) => !SETTING_NAMES.some((known) => known === name))
    .map((name) => ({ name, meant: nearest(name, SETTING_NAMES) }));
  const [first] = unknown;
  if (first === undefined) return;
  const named = unknown.map(({ name, meant }) => {
    return `${prefix}${name}${meant === undefined ? "" : ` (did you mean ${prefix}${meant}?)`}`;
  });
  throw refusal({
    operation: readingNamespace(application),
    answer: `there is no setting ${named.join(", nor ")}`,
    remedy:
      `\`pulumi config rm ${prefix}${first.name}\` removes it. The settings are ${SETTING_NAMES.join(", ")}; ` +
      "values of your own belong to another namespace",
  });
}

/** Creates an error about what the program declares. */
export function refusal(facts: Omit<NylasErrorFacts, "code">): InvalidInputError {
  return new InvalidInputError({ ...facts, code: "invalid_input" });
}
