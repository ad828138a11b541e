import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";

export interface Env {
  Bindings: HttpBindings;
  Variables: {
    requestId: string;
    /** The grant of the request's access token; undefined if it has the API key instead. */
    tokenGrantId: string | undefined;
  };
}

export type ApiContext = Context<Env>;
export type Api = Hono<Env>;
