import { isDeepStrictEqual } from "node:util";

/** Property values from Pulumi. Any released version may have written them, so every property may be missing. */
export type Values = Readonly<Record<string, unknown>>;

/** The values of these names, without those that are undefined or null. */
export function pick(values: Values, names: readonly string[]): Values {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = values[name];
      return value === undefined || value === null ? [] : [[name, value]];
    }),
  );
}

/** The names whose values differ. An absent value counts as its default; a value that is not known yet differs. */
export function changed(olds: Values, news: Values, names: readonly string[], defaults: Values = {}): string[] {
  const value = (values: Values, name: string) => values[name] ?? defaults[name];
  return names.filter((name) => !isDeepStrictEqual(value(olds, name), value(news, name)));
}

export function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
