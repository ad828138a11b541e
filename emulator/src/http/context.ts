import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";

/** Without an answer, after half of it, or halfway and then with nothing more until the client hangs up. */
export type CutOff = "reset" | "truncate" | "stall";

export interface Env {
  Bindings: HttpBindings;
  Variables: {
    requestId: string;
    /** The grant of the request's access token; undefined if it has the API key instead. */
    tokenGrantId: string | undefined;
    /** How a fault ends the connection; undefined if none does. */
    cutOff: CutOff | undefined;
  };
}

export type ApiContext = Context<Env>;
export type Api = Hono<Env>;
