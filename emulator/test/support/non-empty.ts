/** Throws for an empty list: `it.each` would silently run no test. */
export function nonEmpty<T>(list: readonly T[]): readonly T[] {
  if (list.length === 0) throw new Error("the list of cases is empty: nothing would be tested");
  return list;
}
