import type * as pulumi from "@pulumi/pulumi";
import { type Lifecycle, PartialFailureError } from "../../core/lifecycle.js";
import { type CheckFailure, isUnknown } from "../../core/properties.js";
import { countPending, type Run, runFor } from "../../core/session.js";
import { asText, type Values } from "../../core/values.js";
import { NylasError } from "../../errors.js";
import { redact } from "../../redact.js";
import { type ConfigLookup, DEFAULT_APPLICATION, readSettings } from "../../settings.js";

/** The property under which Pulumi's host keeps the provider's serialized code in each resource's inputs and outputs. */
const STORED_CODE = "__provider";

/** What marks an object of Pulumi's wire format as a secret. */
const SECRET_SIGNATURE = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

/** The last line of an error of this package. */
const LINK_LINE = /\n {2}more: +(\S+)$/;

/** The links that errors of this process, which serves one run, have shown. */
const shownLinks = new Set<string>();

/** The methods that Pulumi calls, with arguments and results as plain data. */
export type ProviderMethods = Required<Omit<pulumi.dynamic.ResourceProvider<Values, Values>, "configure">>;

/**
 * Implements Pulumi's provider methods with a lifecycle. Reads the settings, converts outputs to plain data, and converts
 * errors to a form that Pulumi handles correctly.
 */
export function providerMethods(lifecycle: Lifecycle, config: ConfigLookup): ProviderMethods {
  return {
    check: (olds, news) =>
      guarded(lifecycle, [olds, news], async () => {
        const { inputs, failures } = lifecycle.check(news, olds);
        const all = [...failures, ...settingsFailures(news, config)];
        const isNew = Object.keys(olds).length === 0;
        if (all.length === 0 && !isNew && !isUnknown(news.application)) {
          run(news, config).owners.recordCheck(asText(news.owner));
        }
        return { inputs: asSecrets(plain(inputs), lifecycle.secrets), failures: all };
      }),
    diff: (id, olds, news) =>
      guarded(lifecycle, [olds, news], async () => {
        const difference = lifecycle.diff(olds, news);
        if (!isUnknown(news.application)) {
          const planning = run(news, config);
          const stays = difference.replaces.length === 0;
          planning.owners.recordPlan(id, olds, asText(news.owner), stays);
          if (stays) removeNote(lifecycle, planning, olds);
        }
        return { ...difference, deleteBeforeReplace: true };
      }),
    create: (inputs) =>
      guarded(lifecycle, [inputs], async () => {
        const creating = run(inputs, config);
        const { id, outs } = await markingReturned(lifecycle, creating, () => lifecycle.create(creating, inputs));
        creating.owners.recordCreation(id);
        return { id, outs: plain(outs) };
      }),
    read: (id, props = {}) =>
      guarded(lifecycle, [props], async () => {
        const reading = run(props, config);
        removeNote(lifecycle, reading, props);
        const found = await lifecycle.read(reading, id, props);
        // A result without an id tells Pulumi that the object no longer exists.
        return found === undefined ? {} : { id, props: plain(found.outs), inputs: plain(found.inputs) };
      }),
    update: (id, olds, news) =>
      guarded(lifecycle, [olds, news], async () => {
        const updating = run(news, config);
        const { outs } = await markingReturned(lifecycle, updating, async () => ({
          outs: await lifecycle.update(updating, id, olds, news),
        }));
        return { outs: plain(outs) };
      }),
    delete: (id, props) =>
      guarded(lifecycle, [props], async () => {
        const deleting = run(props, config);
        removeNote(lifecycle, deleting, props);
        await lifecycle.delete(deleting, id, props);
      }),
  };
}

function run(values: Values, config: ConfigLookup): Run {
  return runFor(readSettings(applicationOf(values), config));
}

/** Removes the note of an object whose outputs Pulumi passes in: they come from the state, so Pulumi has saved them. */
function removeNote(lifecycle: Lifecycle, { unsaved }: Run, props: Values): void {
  const ownership = lifecycle.ownership(props);
  if (ownership !== undefined) unsaved.remove(ownership.applicationId, ownership.owner, ownership.nonce);
}

/** Runs a creation or update and marks its note as returned: Pulumi saves the result, even of a `PartialFailureError`. */
async function markingReturned<T extends { outs: Values }>(
  lifecycle: Lifecycle,
  { unsaved }: Run,
  work: () => Promise<T>,
): Promise<T> {
  const markReturned = (outs: Values) => {
    const ownership = lifecycle.ownership(outs);
    if (ownership !== undefined) unsaved.markReturned(ownership.applicationId, ownership.owner);
  };
  try {
    const result = await countPending(work);
    markReturned(result.outs);
    return result;
  } catch (error) {
    if (error instanceof PartialFailureError) markReturned(error.outs);
    throw error;
  }
}

function applicationOf(values: Values): string {
  return typeof values.application === "string" ? values.application : DEFAULT_APPLICATION;
}

/** Reports missing or wrong settings in `check`, so that a preview fails rather than an `up` halfway. */
function settingsFailures(news: Values, config: ConfigLookup): CheckFailure[] {
  if (isUnknown(news.application)) return [];
  try {
    readSettings(applicationOf(news), config);
    return [];
  } catch (error) {
    if (!(error instanceof NylasError)) throw error;
    return [{ property: "", reason: withLinkOnce(error.message) }];
  }
}

/** Drops undefined values. Pulumi refuses them, and only after the object was created. */
function plain(values: Values): Record<string, unknown> {
  return JSON.parse(JSON.stringify(values));
}

/**
 * Marks these values as secrets in Pulumi's wire format: Pulumi's host hands on what `check` returns as it is. Otherwise they would
 * be secrets only if the program has wrapped them, and a transformation may add an input after the resource class has.
 */
function asSecrets(values: Values, names: readonly string[]): Values {
  const secrets = Object.entries(values).filter(([name, value]) => names.includes(name) && !isUnknown(value));
  return { ...values, ...Object.fromEntries(secrets.map(([name, value]) => [name, { ...SECRET_SIGNATURE, value }])) };
}

async function guarded<T>(lifecycle: Lifecycle, propertyBags: readonly Values[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toPulumiError(error, secretValues(lifecycle, propertyBags), propertyBags.at(-1)?.[STORED_CODE]);
  }
}

/**
 * Builds the error that Pulumi receives: a redacted message, and for a `PartialFailureError` also id and outputs. It copies
 * nothing else, because Pulumi prints the stack of some errors and treats any error with an `id` as a created object.
 */
function toPulumiError(error: unknown, secrets: readonly string[], storedCode: unknown): Error {
  const message = withLinkOnce(redact(error instanceof Error ? error.message : String(error), secrets));
  const shown = new Error(message);
  shown.name = error instanceof Error ? error.name : "Error";
  shown.stack = "";
  // In check, diff, read and delete, Pulumi's host also prints `String(error)`, so keep that short: the engine shows both.
  shown.toString = () => `${shown.name}: see the error of the resource`;
  if (!(error instanceof PartialFailureError)) return shown;
  // Pulumi's host adds `__provider` only to successful results. Without it, the next read or delete finds no provider.
  const properties = plain({ ...error.outs, [STORED_CODE]: storedCode });
  return Object.assign(shown, { id: error.objectId, properties, reasons: [message] });
}

/** Leaves out a link that this run has shown: a refused key, for example, fails every mailbox with the same one. */
function withLinkOnce(message: string): string {
  return message.replace(LINK_LINE, (line, link: string) => {
    if (shownLinks.has(link)) return "";
    shownLinks.add(link);
    return line;
  });
}

function secretValues(lifecycle: Lifecycle, propertyBags: readonly Values[]): string[] {
  return propertyBags.flatMap((values) =>
    lifecycle.secrets.flatMap((name) => {
      const value = values[name];
      return typeof value === "string" && !isUnknown(value) ? [value] : [];
    }),
  );
}
