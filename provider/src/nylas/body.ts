import type { Request } from "got";

/** Largest body that is read, in bytes, after decompression. A page of 200 grants has less than 300 kB. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Size from which on bodies are read one at a time, in bytes: many requests run side by side, and one bound is for each. */
export const LARGE_BODY_BYTES = 1024 * 1024;

/** Values that a large body may have: as objects they take many times their text. A page of 200 grants has less than 20,000. */
export const MAX_LARGE_BODY_VALUES = 500_000;

/** A body beyond the bounds; the message says which, as the end of a sentence. */
export class BodyTooLarge extends Error {}

const [COMMA, BRACKET, BRACE] = Buffer.from(",[{");

/** Ends when the large body before it has been read. */
let largeBodies: Promise<void> = Promise.resolve();

/** The answer's body as text; its connection is closed where it is too large. */
export async function readBody(answer: Request, announcedBytes: number): Promise<string> {
  if (announcedBytes > MAX_BODY_BYTES) {
    answer.destroy();
    throw tooLarge();
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  let leave: (() => void) | undefined;
  try {
    // Leaving the loop destroys the stream.
    for await (const chunk of answer as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) throw tooLarge();
      if (size > LARGE_BODY_BYTES) leave ??= await enter();
      chunks.push(chunk);
    }
    const body = Buffer.concat(chunks, size);
    if (size > LARGE_BODY_BYTES && countValues(body) > MAX_LARGE_BODY_VALUES) {
      throw new BodyTooLarge(`has more than ${MAX_LARGE_BODY_VALUES} values`);
    }
    return body.toString("utf8");
  } finally {
    leave?.();
  }
}

function tooLarge(): BodyTooLarge {
  return new BodyTooLarge(`is larger than ${MAX_BODY_BYTES / 1024 / 1024} MB`);
}

/** At least as many as the JSON has, up to the bound: each value but the first follows a bracket or a comma. */
function countValues(body: Buffer): number {
  let count = 0;
  // By index, and no further than needed: an iterator takes a second for such a body.
  for (let index = 0; index < body.length && count <= MAX_LARGE_BODY_VALUES; index += 1) {
    const byte = body[index];
    if (byte === COMMA || byte === BRACKET || byte === BRACE) count += 1;
  }
  return count;
}

async function enter(): Promise<() => void> {
  const before = largeBodies;
  let leave = () => {};
  largeBodies = new Promise((resolve) => {
    leave = resolve;
  });
  await before;
  return leave;
}
