import type * as pulumi from "@pulumi/pulumi";
import type { RecordLifecycle } from "../../core/lifecycle.js";
import { isUnknown } from "../../core/properties/validate.js";
import type { Values } from "../../core/properties/values.js";
import { PartialFailure, ShownError, serveResource } from "../../core/resource-server.js";
import type { Host } from "../../host.js";
import { SECRET_SIGNATURE } from "../secret-signature.js";

/** The property under which Pulumi's host keeps the provider's serialized code in each resource's inputs and outputs. */
const STORED_CODE = "__provider";

/** What `String(error)` gives of an error that the engine shows. */
const SHOWN_BY_THE_ENGINE = "see the error of the resource";

/** The methods that Pulumi calls, with arguments and results as plain data. */
export type ProviderMethods = Required<Omit<pulumi.dynamic.ResourceProvider<Values, Values>, "configure">>;

/** Implements the methods of a dynamic provider, with errors in the form that Pulumi's host expects. */
export function providerMethods(lifecycle: RecordLifecycle, host: Host): ProviderMethods {
  const server = serveResource(lifecycle, host);
  return {
    check: (olds, news) =>
      forHost(news, async () => {
        const { inputs, failures } = await server.check(olds, news);
        return { inputs: asSecrets(inputs, server.secretArguments), failures };
      }),
    diff: (id, olds, news) =>
      forHost(news, async () => {
        const { changes, replaces, deleteBeforeReplace } = await server.diff(id, olds, news);
        // A state that the native host wrote has no code; without an update, refresh and destroy would find no provider.
        return { changes: changes || olds[STORED_CODE] === undefined, replaces, deleteBeforeReplace };
      }),
    create: (inputs) => forHost(inputs, () => server.create(inputs)),
    read: (id, props = {}) =>
      forHost(props, async () => {
        const found = await server.read(id, props);
        // A result without an id tells Pulumi that the object no longer exists.
        return found === undefined ? {} : { id, props: found.outs, inputs: found.inputs };
      }),
    update: (id, olds, news) => forHost(news, async () => ({ outs: await server.update(id, olds, news) })),
    delete: (id, props) => forHost(props, () => server.delete(id, props)),
  };
}

/**
 * Marks these values as secrets in Pulumi's wire format: Pulumi's host hands on what `check` returns as it is. Otherwise they would
 * be secrets only if the program has wrapped them, and a transformation may add an input after the resource class has.
 */
function asSecrets(values: Values, names: readonly string[]): Values {
  const secrets = Object.entries(values).filter(([name, value]) => names.includes(name) && !isUnknown(value));
  return { ...values, ...Object.fromEntries(secrets.map(([name, value]) => [name, { ...SECRET_SIGNATURE, value }])) };
}

async function forHost<T>(values: Values, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ShownError ? hostError(error, values[STORED_CODE]) : error;
  }
}

/** In check, diff, read and delete, Pulumi's host prints `String(error)` and the stack of an error, which the engine shows too. */
export function silenceShownErrors(): void {
  const print = console.error;
  console.error = (...args: unknown[]) => {
    if (args[0] !== `${SHOWN_BY_THE_ENGINE}: `) print(...args);
  };
}

/**
 * The error that Pulumi's host receives: a message, and for a `PartialFailure` also id and outputs. Nothing else, because the host
 * prints the stack of some errors and treats any error with an `id` as a created object.
 */
function hostError(error: ShownError, storedCode: unknown): Error {
  const shown = new Error(error.message);
  shown.name = error.kind;
  shown.stack = "";
  shown.toString = () => SHOWN_BY_THE_ENGINE;
  if (!(error instanceof PartialFailure)) return shown;
  // Pulumi's host adds `__provider` only to successful results. Without it, the next read or delete finds no provider.
  const properties = { ...error.outs, [STORED_CODE]: storedCode };
  return Object.assign(shown, { id: error.objectId, properties, reasons: [error.message] });
}
