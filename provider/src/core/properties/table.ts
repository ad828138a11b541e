import type * as v from "valibot";

/** One property of a resource: what it may be, and what becomes of it. */
export interface Property {
  schema: v.GenericSchema;
  /** What a change of it does, in the words of the resource. */
  onChange: string;
  required?: true;
  /** Its failures have no `property`, because Pulumi prints the value of the property that failed. */
  secret?: true;
  /** No secret, but a mistaken value may be one, so its failures have no `property` either. */
  mayHoldSecret?: true;
  /** Set by the resource class and not by the user: never suggested. */
  hidden?: true;
}

export type PropertyTable = Readonly<Record<string, Property>>;

type Schemas<Table extends PropertyTable> = { [Name in keyof Table]: Table[Name]["schema"] };

/** The names that a program may give. */
export type PublicName<Table extends PropertyTable> = {
  [Name in keyof Table]: Table[Name] extends { hidden: true } ? never : Name;
}[keyof Table];

export function schemasOf<Table extends PropertyTable>(table: Table): Schemas<Table> {
  // `fromEntries` does not keep the names.
  return Object.fromEntries(Object.entries(table).map(([name, { schema }]) => [name, schema])) as Schemas<Table>;
}

export function namesWhere(table: PropertyTable, matches: (property: Property) => boolean): string[] {
  return Object.entries(table).flatMap(([name, property]) => (matches(property) ? [name] : []));
}
