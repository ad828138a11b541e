import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Request, Response } from "got";

/**
 * The only content coding that requests accept and answers may have. A gzip window has 32 kB; Brotli's may have 16 MB and
 * zstd's 128 MB, which a decoder allocates for every answer.
 */
export const ACCEPTED_CODING = "gzip";

/** Largest body that is read, in bytes, after decompression. A page of 200 grants has less than 300 kB. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
/**
 * Size in bytes above which bodies are read one at a time. `MAX_BODY_BYTES` limits each body, but many requests run in
 * parallel.
 */
const LARGE_BODY_BYTES = 1024 * 1024;

/**
 * Most JSON values of a large body: parsed, they need many times the memory of their text. A page of 200 grants has fewer
 * than 20,000.
 */
const MAX_LARGE_BODY_VALUES = 500_000;

/** A body that is not read: it exceeds a limit or has another content coding. The message is the end of a sentence. */
export class BodyRefused extends Error {}

/** A body that breaks off or is damaged within its content coding. */
export class BodyDamaged extends Error {
  constructor(
    /** Node's code, such as `Z_DATA_ERROR`. */
    readonly code: string,
  ) {
    super();
  }
}

const [COMMA, BRACKET, BRACE] = Buffer.from(",[{");

/** The queue of large bodies: resolves once the last one has been read. */
let largeBodies: Promise<void> = Promise.resolve();

/**
 * Reads an answer's body as text. Closes the connection and throws `BodyRefused` or `BodyDamaged`, or got's error if the
 * connection fails.
 */
export async function readBody(answer: Request, { headers }: Response): Promise<string> {
  const coding = (headers["content-encoding"] ?? "identity").toLowerCase();
  const announcedBytes = Number(headers["content-length"] ?? 0);
  try {
    if (announcedBytes > MAX_BODY_BYTES) throw tooLarge();
    if (coding === "identity") return await readText(answer);
    if (coding === ACCEPTED_CODING) return await readCompressed(answer);
    throw new BodyRefused("has a content coding that was not asked for");
  } catch (error) {
    answer.destroy();
    throw error;
  }
}

async function readCompressed(answer: Request): Promise<string> {
  const gunzip = createGunzip();
  try {
    // The reader receives the errors of both streams.
    return await readText(pipeline(answer, gunzip, () => {}));
  } catch (error) {
    // zlib has no class for its errors.
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!code.startsWith("Z_")) throw error;
    // An answer without a body may name a coding too.
    if (code === "Z_BUF_ERROR" && gunzip.bytesWritten === 0) return "";
    throw new BodyDamaged(code);
  }
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let leaveQueue: (() => void) | undefined;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) throw tooLarge();
      if (size > LARGE_BODY_BYTES) leaveQueue ??= await enterQueue();
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks, size);
    if (size > LARGE_BODY_BYTES && countValues(text) > MAX_LARGE_BODY_VALUES) {
      throw new BodyRefused(`has more than ${MAX_LARGE_BODY_VALUES} values`);
    }
    return text.toString("utf8");
  } finally {
    leaveQueue?.();
  }
}

function tooLarge(): BodyRefused {
  return new BodyRefused(`is larger than ${MAX_BODY_BYTES / 1024 / 1024} MB`);
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
