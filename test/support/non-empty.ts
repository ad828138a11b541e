/** For `it.each`, which makes no test of an empty list and fails none. */
export function nonEmpty<T>(list: readonly T[]): readonly T[] {
  if (list.length === 0) throw new Error("the list of cases is empty: nothing would be tested");
  return list;
}
