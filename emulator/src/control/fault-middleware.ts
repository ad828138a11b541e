import { setTimeout } from "node:timers/promises";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { MiddlewareHandler } from "hono";
import type { Behaviours } from "../behaviours.js";
import type { ApiContext, Env } from "../http/context.js";
import { errorOfStatus } from "../http/errors.js";
import { RETRY_AFTER_SECONDS } from "../http/rate-limit.js";
import type { RequestLog } from "../http/request-log.js";
import type { FaultRules } from "./fault-rules.js";
import type { Fault } from "./rule-reader.js";

/** Writes every request into the log, with the status that went out. */
export function logMiddleware(log: RequestLog): MiddlewareHandler<Env> {
  return async (context, next) => {
    const answered = log.arrived(context.req.method, context.req.path, context.req.query());
    const { outgoing } = context.env;
    // A destroyed connection without headers is a reset; headers that did go out name the status.
    outgoing.once("close", () => answered(outgoing.headersSent ? outgoing.statusCode : 0));
    await next();
  };
}

export function faultMiddleware(rules: FaultRules, behaviours: Behaviours): MiddlewareHandler<Env> {
  return async (context, next) => {
    const fault = rules.take(context.req.method, context.req.path);
    if (fault === undefined) return next();
    if (fault.afterEffect) {
      await next();
      await wait(fault);
      if (isDelayOnly(fault)) return undefined;
      // The setter merges headers of the old response into the new one, unless it is emptied first.
      const performed = context.res;
      context.res = undefined;
      context.res = await fail(context, fault, behaviours, performed);
      return undefined;
    }
    await wait(fault);
    return isDelayOnly(fault) ? next() : fail(context, fault, behaviours, undefined);
  };
}

/** Keeps no process alive whose emulator has been closed meanwhile. */
async function wait({ delayMs = 0 }: Fault): Promise<void> {
  await setTimeout(delayMs, undefined, { ref: false });
}

/** `{delayMs}` slows a request down; with `afterEffect` it slows the answer. Neither fails it. */
function isDelayOnly(fault: Fault): boolean {
  const { delayMs, afterEffect: _when, ...failures } = fault;
  return delayMs !== undefined && Object.keys(failures).length === 0;
}

async function fail(
  context: ApiContext,
  fault: Fault,
  behaviours: Behaviours,
  performed: Response | undefined,
): Promise<Response> {
  const { outgoing } = context.env;
  if (fault.reset) {
    context.env.incoming.socket.resetAndDestroy();
    return RESPONSE_ALREADY_SENT;
  }
  if (!fault.truncate && !fault.stall) return faultAnswer(context, fault, behaviours);
  const says = fault.status !== undefined || fault.retryAfter !== undefined;
  const whole = says
    ? faultAnswer(context, fault, behaviours)
    : (performed ?? new Response(PLACEHOLDER, { headers: JSON_TYPE }));
  const body = Buffer.from(await whole.arrayBuffer());
  outgoing.writeHead(whole.status, { ...Object.fromEntries(whole.headers), "content-length": body.length });
  // Half of what the header promises, and then the end of the connection, or nothing until the client ends it.
  outgoing.write(body.subarray(0, Math.ceil(body.length / 2)), () => fault.truncate && outgoing.destroy());
  return RESPONSE_ALREADY_SENT;
}

const JSON_TYPE = { "content-type": "application/json" };
const PLACEHOLDER = '{"request_id":"00000000-0000-0000-0000-000000000000","data":{}}';
/** For these a body is not allowed. */
const BODILESS = [204, 205, 304];

function faultAnswer(context: ApiContext, fault: Fault, behaviours: Behaviours): Response {
  // An afterEffect alone is the classic: the work is done, and the gateway gave up waiting.
  const status = fault.status ?? (fault.retryAfter === undefined ? 504 : 429);
  const wait = fault.retryAfter === undefined ? defaultRetryAfter(status, behaviours) : fault.retryAfter;
  const body = JSON.stringify({ request_id: context.var.requestId, error: errorOfStatus(status, behaviours) });
  return new Response(BODILESS.includes(status) ? null : body, {
    status,
    headers: { ...JSON_TYPE, ...(wait === null ? {} : { "retry-after": String(wait) }) },
  });
}

function defaultRetryAfter(status: number, { rateLimitRetryAfter }: Behaviours): string | null {
  return status === 429 && rateLimitRetryAfter === "header" ? RETRY_AFTER_SECONDS : null;
}
