import type { Request } from "got";

/** Largest body that is read, in bytes, after decompression. A page of 200 grants has less than 300 kB. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
/**
 * Size in bytes above which bodies are read one at a time. `MAX_BODY_BYTES` limits each body, but many requests run in
 * parallel.
 */
export const LARGE_BODY_BYTES = 1024 * 1024;

/**
 * Most JSON values of a large body: parsed, they need many times the memory of their text. A page of 200 grants has fewer
 * than 20,000.
 */
export const MAX_LARGE_BODY_VALUES = 500_000;

/** A body exceeds a limit. The message names the limit, as the end of a sentence. */
export class BodyTooLarge extends Error {}

const [COMMA, BRACKET, BRACE] = Buffer.from(",[{");

/** The queue of large bodies: resolves once the last one has been read. */
let largeBodies: Promise<void> = Promise.resolve();

/** Reads an answer's body as text. Closes the connection and throws `BodyTooLarge` if the body exceeds a limit. */
export async function readBody(answer: Request, announcedBytes: number): Promise<string> {
  if (announcedBytes > MAX_BODY_BYTES) {
    answer.destroy();
    throw tooLarge();
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  let leaveQueue: (() => void) | undefined;
  try {
    // An exception within the loop destroys the stream.
    for await (const chunk of answer as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) throw tooLarge();
      if (size > LARGE_BODY_BYTES) leaveQueue ??= await enterQueue();
      chunks.push(chunk);
    }
    const body = Buffer.concat(chunks, size);
    if (size > LARGE_BODY_BYTES && countValues(body) > MAX_LARGE_BODY_VALUES) {
      throw new BodyTooLarge(`has more than ${MAX_LARGE_BODY_VALUES} values`);
    }
    return body.toString("utf8");
  } finally {
    leaveQueue?.();
  }
}

function tooLarge(): BodyTooLarge {
  return new BodyTooLarge(`is larger than ${MAX_BODY_BYTES / 1024 / 1024} MB`);
}

/** Upper bound of the number of JSON values, counted up to the limit: each but the first follows a bracket or comma. */
function countValues(body: Buffer): number {
  let count = 0;
  // Use an index and stop at the limit: an iterator takes a second for such a body.
  for (let index = 0; index < body.length && count <= MAX_LARGE_BODY_VALUES; index += 1) {
    const byte = body[index];
    if (byte === COMMA || byte === BRACKET || byte === BRACE) count += 1;
  }
  return count;
}

/** Waits until all large bodies before this one have been read. Returns the function that ends this one's turn. */
async function enterQueue(): Promise<() => void> {
  const before = largeBodies;
  let leaveQueue = () => {};
  largeBodies = new Promise((resolve) => {
    leaveQueue = resolve;
  });
  await before;
  return leaveQueue;
}
