import * as v from "valibot";
import { NylasError } from "../errors.js";
import type { Host } from "../host.js";
import { keepSecret, redact, redactSentence } from "../redact.js";
import { DEFAULT_APPLICATION, readSettings, type Settings } from "../settings.js";
import { PartialFailureError, type RecordLifecycle } from "./lifecycle.js";
import { applicationName, type CheckFailure, isUnknown, secretNames } from "./properties/validate.js";
import { asText, type Values } from "./properties/values.js";
import { countPending, type Run, runFor } from "./session.js";

/** The calls of Pulumi's engine about one resource type, for any host. They throw `ShownError` and `PartialFailure`. */
export interface ResourceServer {
  /** The arguments whose values no message may show, and which hosts mark as secrets. */
  secretArguments: readonly string[];
  /** Fills in defaults and validates arguments and settings. */
  check(olds: Values, news: Values): Promise<{ inputs: Values; failures: CheckFailure[] }>;
  /**
   * Compares the outputs of the last run with checked arguments, and names what differs. A replacement deletes before it creates.
   */
  diff(id: string, olds: Values, news: Values): Promise<Difference>;
  create(inputs: Values): Promise<{ id: string; outs: Values }>;
  /** `undefined` if the object no longer exists. */
  read(id: string, props: Values): Promise<{ inputs: Values; outs: Values } | undefined>;
  update(id: string, olds: Values, news: Values): Promise<Values>;
  delete(id: string, props: Values): Promise<void>;
}

/** What an update would change, and which of that replaces. `changes` is whether there is anything. */
export interface Difference {
  changes: boolean;
  changed: string[];
  replaces: string[];
  deleteBeforeReplace: true;
}

/** An error as the user sees it: cleaned and masked. It holds nothing else, because hosts print whatever an error holds. */
export class ShownError extends Error {
  constructor(
    message: string,
    /** The class of the error behind it. */
    readonly kind: string,
  ) {
    super(message);
    this.stack = "";
  }
}

/** The object exists but is not usable as declared: the host saves it and fails the run. */
export class PartialFailure extends ShownError {
  constructor(
    message: string,
    readonly objectId: string,
    readonly outs: Values,
  ) {
    super(message, "PartialFailureError");
  }
}

/** Lets the run know whether the last call for a resource has failed. */
async function recordingFailure<T>(
  { owners }: Run,
  { owner }: Values,
  object: string | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    const result = await work();
    owners.recordSuccess(asText(owner));
    return result;
  } catch (error) {
    owners.recordFailure(asText(owner), object);
    throw error;
  }
}

/** The last line of an error of this package. */
const LINK_LINE = /\n {2}more: +(\S+)$/;

/** The links that errors of this process, which serves one run, have shown. */
const shownLinks = new Set<string>();

/** Serves a resource type: reads the settings, keeps notes of what Pulumi has yet to save, and masks secrets in errors. */
export function serveResource(lifecycle: RecordLifecycle, host: Host): ResourceServer {
  const secretArguments = secretNames(lifecycle.properties);
  const known = new Map<string, Settings>();
  const run = (values: Values) => runFor(settingsOf(values), host);
  return {
    secretArguments,
    check: (olds, news) =>
      guarded([olds, news], async () => {
        const checked = lifecycle.check(host, news, olds);
        const [inputs, failures] = [plain(checked.inputs), checked.failures];
        // A mistaken namespace may be an API key, which no message about settings may show.
        const isNamespace = !isUnknown(news.application) && v.is(applicationName, applicationOf(news));
        if (!isNamespace) return { inputs, failures };
        const settings = settingsOrFailure(news);
        if ("reason" in settings) return { inputs, failures: [...failures, settings] };
        if (failures.length === 0) runFor(settings, host).owners.recordCheck(news, Object.keys(olds).length === 0);
        return { inputs, failures };
      }),
    diff: (id, olds, news) =>
      guarded([olds, news], async () => {
        const difference = lifecycle.diff(olds, news);
        if (!isUnknown(news.application)) {
          const planning = run(news);
          const stays = difference.replaces.length === 0;
          const isAlone = planning.owners.recordPlan(id, lifecycle.owned(olds), asText(news.owner), stays);
          if (!isAlone) throw lifecycle.heldTwice(id, olds);
          if (stays) {
            removeNote(planning, olds);
            const changes = lifecycle.hiddenChanges(olds, news);
            if (changes !== undefined) planning.hiddenChanges.announce(id, changes);
          }
        }
        return { ...difference, changes: difference.changed.length > 0, deleteBeforeReplace: true as const };
      }),
    create: (inputs) =>
      guarded([inputs], async () => {
        const creating = run(inputs);
        const { id, outs } = await recordingFailure(creating, inputs, lifecycle.objectOf(inputs), () =>
          markingReturned(creating, () => lifecycle.create(creating, inputs)),
        );
        creating.owners.recordCreation(id);
        return { id, outs: plain(outs) };
      }),
    read: (id, props) =>
      guarded([props], async () => {
        const reading = run(props);
        removeNote(reading, props);
        const found = await lifecycle.read(reading, id, props);
        return found && { inputs: plain(found.inputs), outs: plain(found.outs) };
      }),
    update: (id, olds, news) =>
      guarded([olds, news], async () => {
        const updating = run(news);
        const { outs } = await recordingFailure(updating, news, undefined, () =>
          markingReturned(updating, async () => ({ outs: await lifecycle.update(updating, id, olds, news) })),
        );
        return plain(outs);
      }),
    delete: (id, props) =>
      guarded([props], async () => {
        const deleting = run(props);
        removeNote(deleting, props);
        const deletion = () => lifecycle.delete(deleting, id, props);
        // Before a replacement. In a destroy, the failure of one says nothing about the others.
        if (deleting.owners.isNamed(asText(props.owner))) await recordingFailure(deleting, props, undefined, deletion);
        else await deletion();
      }),
  };

  /** Reads the settings of each application once: they hold as long as the host. */
  function settingsOf(values: Values): Settings {
    const application = applicationOf(values);
    const settings =
      known.get(application) ?? readSettings(application, host.config, host.settingsEnv, host.wording.setting);
    known.set(application, settings);
    return settings;
  }

  /** Missing or wrong settings are a failure of `check`, so that a preview fails rather than an `up` halfway. */
  function settingsOrFailure(news: Values): Settings | CheckFailure {
    try {
      return settingsOf(news);
    } catch (error) {
      if (!(error instanceof NylasError)) throw error;
      return { property: "", reason: withLinkOnce(error.message) };
    }
  }

  /** Removes the note of an object whose outputs Pulumi passes in: they come from the state, so Pulumi has saved them. */
  function removeNote({ unsaved }: Run, props: Values): void {
    const ownership = lifecycle.ownership(props);
    if (ownership !== undefined) unsaved.of(ownership.applicationId).remove(ownership.owner, ownership.nonce);
  }

  /** Runs a creation or update and marks its note as returned: Pulumi saves the result, even of a `PartialFailureError`. */
  async function markingReturned<T extends { outs: Values }>({ unsaved }: Run, work: () => Promise<T>): Promise<T> {
    const markReturned = (outs: Values) => {
      const ownership = lifecycle.ownership(outs);
      if (ownership !== undefined) unsaved.of(ownership.applicationId).markReturned(ownership.owner, ownership.nonce);
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

  async function guarded<T>(propertyBags: readonly Values[], work: () => Promise<T>): Promise<T> {
    const secrets = secretValues(propertyBags);
    keepSecret(...secrets);
    try {
      return await work();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      // Any other error is not a sentence of ours: its text may come from anywhere.
      const mask = error instanceof NylasError || error instanceof PartialFailureError ? redactSentence : redact;
      const message = withLinkOnce(mask(text, secrets));
      if (error instanceof PartialFailureError) throw new PartialFailure(message, error.objectId, plain(error.outs));
      throw new ShownError(message, error instanceof Error ? error.name : "Error");
    }
  }

  function secretValues(propertyBags: readonly Values[]): string[] {
    return propertyBags.flatMap((values) =>
      secretArguments.flatMap((name) => {
        const value = values[name];
        return typeof value === "string" && !isUnknown(value) ? [value] : [];
      }),
    );
  }
}

function applicationOf(values: Values): string {
  return typeof values.application === "string" ? values.application : DEFAULT_APPLICATION;
}

/** Drops undefined values. Pulumi refuses them, and only after the object was created. */
function plain(values: Values): Record<string, unknown> {
  return JSON.parse(JSON.stringify(values));
}

/** Leaves out a link that this run has shown: a refused key, for example, fails every mailbox with the same one. */
function withLinkOnce(message: string): string {
  return message.replace(LINK_LINE, (line, link: string) => {
    if (shownLinks.has(link)) return "";
    shownLinks.add(link);
    return line;
  });
}
