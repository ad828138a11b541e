import type { Request } from "got";

/** Largest body that is read, in bytes, after decompression. A page of 200 grants has less than 300 kB. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Size from which on bodies are read one at a time, in bytes: many requests run side by side, and one bound is for each. */
export const LARGE_BODY_BYTES = 1024 * 1024;

/** The body is larger than `MAX_BODY_BYTES`. */
export class BodyTooLarge extends Error {}

/** Ends when the large body before it has been read. */
let largeBodies: Promise<void> = Promise.resolve();

/** The answer's body as text; its connection is closed where it is too large. */
export async function readBody(answer: Request, announcedBytes: number): Promise<string> {
  if (announcedBytes > MAX_BODY_BYTES) {
    answer.destroy();
    throw new BodyTooLarge();
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  let leave: (() => void) | undefined;
  try {
    // Leaving the loop destroys the stream.
    for await (const chunk of answer as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) throw new BodyTooLarge();
      if (size > LARGE_BODY_BYTES) leave ??= await enter();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size).toString("utf8");
  } finally {
    leave?.();
  }
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
