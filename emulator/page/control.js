/** The key's place in this tab's storage. */
const KEY = "nylas-emulator-api-key";

/** Longest time for a call, in milliseconds: an answer may stall, as a fault makes it. */
const CALL_LIMIT_MS = 60_000;

/** A call that the emulator refused, or did not answer (status 0). */
export class CallError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Moves the API key from the address, where it would be seen and bookmarked, to this tab's storage. */
export function takeKeyFromAddress() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (key === null) return;
  history.replaceState(null, "", location.pathname + location.search);
  useKey(key);
}

/** @param {string} key */
export function useKey(key) {
  sessionStorage.setItem(KEY, key);
}

export function forgetKey() {
  sessionStorage.removeItem(KEY);
}

/** @returns {string} empty if there is none */
export function apiKey() {
  return sessionStorage.getItem(KEY) ?? "";
}

/** @param {string} username */
export function mailboxPath(username) {
  return `/_emulator/mailboxes/${encodeURIComponent(username)}`;
}

/**
 * @template [Answer=unknown]
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {AbortSignal} [signal] ends it, after a minute by default
 * @returns {Promise<Answer>}
 */
export async function call(method, path, body, signal = AbortSignal.timeout(CALL_LIMIT_MS)) {
  const response = await fetch(path, {
    method,
    signal,
    headers: { authorization: `Bearer ${apiKey()}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(noAnswer);
  const answer = await response.json().catch(() => (signal.aborted ? noAnswer() : {}));
  if (response.ok) return answer;
  throw new CallError(response.status, messageIn(answer) ?? `The emulator answered ${response.status}.`);
}

/** @returns {never} */
function noAnswer() {
  throw new CallError(0, "The emulator does not answer.");
}

/**
 * @param {{ error?: { message?: string } | string, error_description?: string }} answer Nylas's envelope, or OAuth's
 * @returns {string | undefined}
 */
function messageIn({ error, error_description: description }) {
  return typeof error === "object" ? error.message : description;
}
