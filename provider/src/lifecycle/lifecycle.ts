import type { Run } from "../run/run.js";
import type { Failure } from "./validate.js";

/** Property values as Pulumi hands them over: from any released version, so every field may be missing. */
export type Values = Readonly<Record<string, unknown>>;

/** Who holds an object, as the resource's outputs say. */
export interface Holder {
  applicationId: string;
  /** The owner's digest. */
  owner: string;
  nonce?: string | undefined;
}

/** Validation and CRUD of one resource type, independent of Pulumi. */
export interface Lifecycle {
  /** The arguments whose values no message may show. */
  secrets: readonly string[];
  /** Arguments with defaults filled in, and what is wrong with them. `before` are those of the last run. No request. */
  check(given: Values, before?: Values): { inputs: Values; failures: Failure[] };
  /** What a change of arguments or a drifted state asks for. No request. */
  diff(olds: Values, news: Values): { changes: boolean; replaces: string[] };
  /** `undefined` for a resource that only refers to its object. */
  holder(outs: Values): Holder | undefined;
  create(run: Run, inputs: Values): Promise<{ id: string; outs: Values }>;
  /** `undefined` when the object is gone. */
  read(run: Run, id: string, props: Values): Promise<{ inputs: Values; outs: Values } | undefined>;
  update(run: Run, id: string, olds: Values, news: Values): Promise<Values>;
  delete(run: Run, id: string, props: Values): Promise<void>;
}

/** The object exists but is not as declared: Pulumi keeps it, fails the run, and updates it at the next one. */
export class HalfMadeError extends Error {
  constructor(
    readonly objectId: string,
    readonly outs: Values,
    readonly reason: string,
  ) {
    super(reason);
    this.name = "HalfMadeError";
  }
}

/** The values of these names that are there. */
export function pick(values: Values, names: readonly string[]): Values {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = values[name];
      return value === undefined || value === null ? [] : [[name, value]];
    }),
  );
}

/** Which of these names differ, an absent one standing for its default; a value that is not known yet differs. */
export function changed(olds: Values, news: Values, names: readonly string[], defaults: Values = {}): string[] {
  const value = (values: Values, name: string) => values[name] ?? defaults[name];
  return names.filter((name) => value(olds, name) !== value(news, name));
}

export function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
