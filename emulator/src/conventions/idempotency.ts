import { createHash } from "node:crypto";
import type { Behaviors } from "../behaviors.js";
import type { ApiContext } from "../http/context.js";
import { answerError } from "./answer.js";
import type { JsonObject } from "./body.js";
import { ApiError } from "./errors.js";

const MAX_KEY = 256;
const VALID_MS = 3_600_000;
/** Answers that are kept; more drop the oldest. */
const MAX_STORED = 10_000;

interface StoredAnswer {
  payload: string;
  until: number;
  /** Undefined while the first request is in progress. */
  answer?: { status: number; body: string };
}

/** Implements the header `Idempotency-Key` as in Nylas's guide to idempotent sends and its contract. */
export class IdempotentAnswers {
  readonly #behaviors: Behaviors;
  readonly #stored = new Map<string, StoredAnswer>();

  constructor(behaviors: Behaviors) {
    this.#behaviors = behaviors;
  }

  /** Performs the first request with a key and replays its response, also an error, for one hour. */
  async once(
    context: ApiContext,
    scope: string,
    payload: JsonObject,
    perform: () => Promise<Response>,
  ): Promise<Response> {
    const key = context.req.header("idempotency-key");
    if (!key) return perform();
    if (key.length > MAX_KEY) {
      throw ApiError.of("idempotencyKeyTooLong", { max: MAX_KEY });
    }
    this.#forgetOld();
    const name = `${scope} ${key}`;
    const digest = createHash("sha256").update(JSON.stringify(payload)).digest("base64");
    const earlier = this.#stored.get(name);
    if (earlier !== undefined) return replay(earlier, digest);
    // As at Nylas, a key whose send is in progress is forgotten when its client hangs up.
    const { outgoing } = context.env;
    if (outgoing.destroyed) return perform();
    const stored: StoredAnswer = { payload: digest, until: Date.now() + VALID_MS };
    this.#stored.set(name, stored);
    outgoing.once("close", () => {
      if (stored.answer === undefined && this.#stored.get(name) === stored) this.#stored.delete(name);
    });
    try {
      const answer = await perform().catch((error: unknown) => answerOfRefusal(context, error, this.#behaviors));
      stored.answer = { status: answer.status, body: await answer.clone().text() };
      return answer;
    } catch (error) {
      if (this.#stored.get(name) === stored) this.#stored.delete(name);
      throw error;
    }
  }

  #forgetOld(): void {
    for (const [name, { until }] of this.#stored) {
      // A Map iterates in insertion order, so all later entries expire later.
      if (until > Date.now() && this.#stored.size < MAX_STORED) return;
      this.#stored.delete(name);
    }
  }
}

function replay({ payload, answer }: StoredAnswer, digest: string): Response {
  if (payload !== digest) throw ApiError.of("idempotencyKeyReused");
  if (answer === undefined) throw ApiError.of("idempotencyKeyInUse");
  return new Response(answer.body, {
    status: answer.status,
    headers: { "content-type": "application/json", "idempotent-response": "true" },
  });
}

function answerOfRefusal(context: ApiContext, error: unknown, behaviors: Behaviors): Response {
  if (error instanceof ApiError) return answerError(context, error, behaviors);
  throw error;
}
