import { readFile } from "node:fs/promises";
import { type MailUser, OptionError } from "../options.js";
import { type Random, samplePassword } from "../random.js";

const SAMPLES = ["ops@example.test", "billing@example.test", "support@example.test"];

/** The given users, or those of the state file, or samples with random passwords. */
export async function chooseUsers(
  asked: string | readonly MailUser[] | undefined,
  kept: readonly MailUser[],
  seed: Random | undefined,
): Promise<readonly MailUser[]> {
  if (asked !== undefined) return typeof asked === "string" ? readUsers(asked) : asked;
  if (kept.length > 0) return kept;
  return SAMPLES.map((username) => ({ username, password: samplePassword(seed) }));
}

async function readUsers(path: string): Promise<MailUser[]> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(path, "utf8"));
  } catch {
    // JSON.parse's error message quotes the file, which contains passwords.
    throw new OptionError(`${path} cannot be read as JSON.`);
  }
  if (!Array.isArray(parsed) || !parsed.every(isUser)) {
    throw new OptionError(`${path} must hold an array of {"username", "password"}, both non-empty strings.`);
  }
  return parsed.map(({ username, password }) => ({ username, password }));
}

function isUser(value: unknown): value is MailUser {
  return (
    typeof value === "object" &&
    value !== null &&
    "username" in value &&
    typeof value.username === "string" &&
    value.username !== "" &&
    "password" in value &&
    typeof value.password === "string" &&
    value.password !== ""
  );
}
