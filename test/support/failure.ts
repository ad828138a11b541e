import { NylasError } from "../../provider/src/errors.js";

/** The `NylasError` that the work must end with. */
export async function failure(work: Promise<unknown>): Promise<NylasError> {
  const error = await work.then(
    (value) => `a value: ${JSON.stringify(value)}`,
    (reason: unknown) => reason,
  );
  if (error instanceof NylasError) return error;
  throw new Error(`expected a NylasError, got ${String(error)}`);
}
