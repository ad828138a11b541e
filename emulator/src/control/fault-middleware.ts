import { setTimeout } from "node:timers/promises";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { MiddlewareHandler } from "hono";
import type { Behaviors } from "../behaviors.js";
import { errorEnvelope } from "../conventions/answer.js";
import { errorOfStatus } from "../conventions/errors.js";
import { RETRY_AFTER_SECONDS } from "../conventions/rate-limit.js";
import type { ApiContext, Env } from "../http/context.js";
import type { FaultRules } from "./fault-rules.js";
import type { RequestLog } from "./request-log.js";
import { BODILESS, type Fault } from "./rule-reader.js";

/** Logs every request with the status that was sent. */
export function logMiddleware(log: RequestLog): MiddlewareHandler<Env> {
  return async (context, next) => {
    const { incoming, outgoing } = context.env;
    // Hono's path is partly decoded.
    const [path = ""] = (incoming.url ?? "").replace(/^https?:\/\/[^/]*/i, "").split("?");
    const answered = log.arrived(context.req.method, path, context.req.query());
    // If no headers have been sent, the connection was reset.
    outgoing.once("close", () => answered(outgoing.headersSent ? outgoing.statusCode : 0));
    await next();
  };
}

export function faultMiddleware(rules: FaultRules, behaviors: Behaviors): MiddlewareHandler<Env> {
  return async (context, next) => {
    const fault = rules.take(context.req.method, context.req.path);
    if (fault === undefined) return next();
    if (fault.afterEffect) {
      await next();
      await wait(fault);
      if (isDelayOnly(fault)) return undefined;
      // Hono's setter merges the headers of the previous response into the next one unless it is cleared first.
      const performed = context.res;
      context.res = undefined;
      context.res = await fail(context, fault, behaviors, performed);
      return undefined;
    }
    await wait(fault);
    return isDelayOnly(fault) ? next() : fail(context, fault, behaviors, undefined);
  };
}

/** The timer does not keep the process alive after the emulator has been closed. */
async function wait({ delayMs = 0 }: Fault): Promise<void> {
  await setTimeout(delayMs, undefined, { ref: false });
}

/** `delayMs` alone delays the request, or the response with `afterEffect`; the request still succeeds. */
function isDelayOnly(fault: Fault): boolean {
  const { delayMs, afterEffect: _when, ...failures } = fault;
  return delayMs !== undefined && Object.keys(failures).length === 0;
}

async function fail(
  context: ApiContext,
  fault: Fault,
  behaviors: Behaviors,
  performed: Response | undefined,
): Promise<Response> {
  const { outgoing } = context.env;
  if (fault.reset) {
    context.env.incoming.socket.resetAndDestroy();
    return RESPONSE_ALREADY_SENT;
  }
  if (!fault.truncate && !fault.stall) return faultAnswer(context, fault, behaviors);
  const says = fault.status !== undefined || fault.retryAfter !== undefined || fault.body !== undefined;
  const whole = says
    ? faultAnswer(context, fault, behaviors)
    : (performed ?? new Response(PLACEHOLDER, { headers: JSON_TYPE }));
  const body = Buffer.from(await whole.arrayBuffer());
  outgoing.writeHead(whole.status, { ...Object.fromEntries(whole.headers), "content-length": body.length });
  // Sends half of the announced content; then `truncate` closes the connection and `stall` leaves it open.
  outgoing.write(body.subarray(0, Math.ceil(body.length / 2)), () => fault.truncate && outgoing.destroy());
  return RESPONSE_ALREADY_SENT;
}

const JSON_TYPE = { "content-type": "application/json" };
const PLACEHOLDER = '{"request_id":"00000000-0000-0000-0000-000000000000","data":{}}';
/** Of a body that is not Nylas's. */
const DEFAULT_TYPE = "text/html; charset=utf-8";
const BAD_GATEWAY = 502;

function faultAnswer(context: ApiContext, fault: Fault, behaviors: Behaviors): Response {
  const status = fault.status ?? defaultStatus(fault);
  const wait = fault.retryAfter === undefined ? defaultRetryAfter(status, behaviors) : fault.retryAfter;
  const envelope = errorEnvelope(context, { status, ...errorOfStatus(status, behaviors) }, behaviors);
  const type = fault.body === undefined ? JSON_TYPE : { "content-type": fault.contentType ?? DEFAULT_TYPE };
  return new Response(BODILESS.includes(status) ? null : (fault.body ?? JSON.stringify(envelope)), {
    status,
    headers: { ...type, ...(wait === null ? {} : { "retry-after": String(wait) }) },
  });
}

/** For `afterEffect` alone, a gateway timeout after the request has taken effect. */
function defaultStatus({ retryAfter, body }: Fault): number {
  if (retryAfter !== undefined) return 429;
  return body === undefined ? 504 : BAD_GATEWAY;
}

function defaultRetryAfter(status: number, { rateLimitRetryAfter }: Behaviors): string | null {
  return status === 429 && rateLimitRetryAfter === "header" ? RETRY_AFTER_SECONDS : null;
}
