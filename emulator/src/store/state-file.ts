import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { promisify } from "node:util";
import { OptionError } from "../options.js";
import { randomApiKey } from "../random.js";
import { lockStateFile } from "./state-lock.js";
import type { StoredData } from "./types.js";

const FORMAT = 1;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const OWNER_ONLY = 0o600;
/** Permission bits of group and others. */
const OTHERS = 0o077;

const deriveKey = promisify<string, Buffer, number, Buffer>(scrypt);

interface Wrapped {
  format: number;
  salt: string;
  /** Only a key that the emulator has generated; a key given by the user is not stored. */
  generatedApiKey?: string;
  /** The data, encrypted with AES-256-GCM because it contains mailbox passwords. */
  sealed: string;
}

/** The file of `--state`: read at the start, replaced atomically after changes. */
export interface StateFile {
  apiKey: string;
  /** Undefined if the file did not exist. */
  data: StoredData | undefined;
  /** Resolves when the state at the call or a later one is on the disk. Serializes `data` when it starts to write. */
  save(data: StoredData): Promise<void>;
  /** Lets another emulator use the file. */
  release(): void;
}

/** Opens the file for this emulator alone. */
export async function openStateFile(path: string, givenApiKey: string | undefined): Promise<StateFile> {
  const unlock = lockStateFile(path);
  try {
    const file = await openLocked(path, givenApiKey);
    let isReleased = false;
    return {
      ...file,
      // A request that was under way when the emulator ended may still come to a change. The file may be another one's by then.
      save: async (data) => (isReleased ? undefined : file.save(data)),
      release: () => {
        isReleased = true;
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openLocked(path: string, givenApiKey: string | undefined): Promise<Omit<StateFile, "release">> {
  const found = await readWrapped(path);
  const apiKey = givenApiKey ?? found?.generatedApiKey ?? (found === undefined ? randomApiKey() : undefined);
  if (apiKey === undefined) {
    throw new OptionError(`The state file ${path} was written with an API key of yours: give the same --api-key.`);
  }
  const salt = found === undefined ? randomBytes(SALT_BYTES) : Buffer.from(found.salt, "base64");
  const key = await deriveKey(apiKey, salt, KEY_BYTES);
  const data = found === undefined ? undefined : unseal(found.sealed, key, path);
  const generated = givenApiKey === undefined || givenApiKey === found?.generatedApiKey;

  const wrap = (current: StoredData): Wrapped => ({
    format: FORMAT,
    salt: salt.toString("base64"),
    ...(generated ? { generatedApiKey: apiKey } : {}),
    sealed: seal(current, key),
  });
  return { apiKey, data, save: coalesced((current) => replaceFile(path, JSON.stringify(wrap(current)))) };
}

async function readWrapped(path: string): Promise<Wrapped | undefined> {
  const text = await readPrivately(path);
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    if (isWrapped(parsed)) return parsed;
  } catch {
    // Not JSON: reported below.
  }
  throw new OptionError(`${path} is not a state file of this emulator (format ${FORMAT}).`);
}

/**
 * Reads the file and removes the permissions of other users. Refuses symbolic links, because another user may have
 * created the link and the first change would replace it by a file. O_NONBLOCK: opening a FIFO must not block.
 */
async function readPrivately(path: string): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      if (isCode(error, "ENOENT")) return undefined;
      if (isCode(error, "ELOOP")) throw new OptionError(`${path} is a symbolic link: name the state file itself.`);
      throw new OptionError(`The state file ${path} cannot be read.`);
    },
  );
  if (file === undefined) return undefined;
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new OptionError(`${path} is not a file.`);
    if ((found.mode & OTHERS) !== 0) await file.chmod(OWNER_ONLY);
    return await file.readFile("utf8");
  } catch (error) {
    if (error instanceof OptionError) throw error;
    throw new OptionError(`The state file ${path} cannot be read, or not be closed to other users.`);
  } finally {
    await file.close();
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function isWrapped(value: unknown): value is Wrapped {
  return (
    typeof value === "object" &&
    value !== null &&
    "format" in value &&
    value.format === FORMAT &&
    "salt" in value &&
    typeof value.salt === "string" &&
    "sealed" in value &&
    typeof value.sealed === "string" &&
    (!("generatedApiKey" in value) || typeof value.generatedApiKey === "string")
  );
}

function seal(data: StoredData, key: Buffer): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  const body = Buffer.concat([cipher.update(JSON.stringify(data), "utf8"), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64");
}

function unseal(sealed: string, key: Buffer, path: string): StoredData {
  try {
    const bytes = Buffer.from(sealed, "base64");
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const body = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
    // The authentication tag proves that an emulator wrote the data with this key, so it has this type.
    return JSON.parse(body.toString("utf8")) as StoredData;
  } catch {
    throw new OptionError(`The state file ${path} does not open with this API key, or it is damaged.`);
  }
}

/** Coalesces the calls that arrive during a write into one further write. */
function coalesced(write: (data: StoredData) => Promise<void>): (data: StoredData) => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return (data) => {
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        running = write(data);
        return running;
      });
    return next;
  };
}

async function replaceFile(path: string, text: string): Promise<void> {
  const aside = `${path}.${process.pid}.new`;
  // A killed process with the same id or another user may have left this file. Writing to it could follow a link.
  await rm(aside, { force: true });
  const file = await open(aside, "wx", OWNER_ONLY);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
}
