import type { ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { MiddlewareHandler } from "hono";
import type { Behaviors } from "../behaviors.js";
import { errorEnvelope } from "../conventions/answer.js";
import { errorOfStatus } from "../conventions/errors.js";
import { RETRY_AFTER_SECONDS } from "../conventions/rate-limit.js";
import type { ApiContext, CutOff, Env } from "../http/context.js";
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
      context.res = fail(context, fault, behaviors, performed);
      return undefined;
    }
    await wait(fault);
    return isDelayOnly(fault) ? next() : fail(context, fault, behaviors, undefined);
  };
}

/** Ends connections as the faults say. It stands outside of whatever gives an answer its headers. */
export function cutOffMiddleware(): MiddlewareHandler<Env> {
  return async (context, next) => {
    await next();
    const { cutOff } = context.var;
    if (cutOff === undefined) return;
    if (cutOff === "reset") context.env.incoming.socket.resetAndDestroy();
    else await sendHalf(context.res, context.env.outgoing, cutOff);
    context.res = undefined;
    context.res = RESPONSE_ALREADY_SENT;
  };
}

/** `truncate` then closes the connection, `stall` leaves it open. */
async function sendHalf(whole: Response, outgoing: ServerResponse, cutOff: "truncate" | "stall"): Promise<void> {
  const body = Buffer.from(await whole.arrayBuffer());
  // Of a body of one byte or none, something is left out as well.
  const announced = Math.max(body.length, 2);
  outgoing.writeHead(whole.status, { ...Object.fromEntries(whole.headers), "content-length": announced });
  outgoing.write(body.subarray(0, Math.ceil(announced / 2)), () => cutOff === "truncate" && outgoing.destroy());
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

function fail(context: ApiContext, fault: Fault, behaviors: Behaviors, performed: Response | undefined): Response {
  context.set("cutOff", cutOffBy(fault));
  const says = fault.status !== undefined || fault.retryAfter !== undefined || fault.body !== undefined;
  if (says || context.var.cutOff === undefined) return faultAnswer(context, fault, behaviors);
  return performed ?? Response.json({ request_id: context.var.requestId, data: {} });
}

function cutOffBy({ reset, truncate, stall }: Fault): CutOff | undefined {
  if (reset) return "reset";
  if (truncate) return "truncate";
  return stall ? "stall" : undefined;
}

const JSON_TYPE = { "content-type": "application/json" };
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
