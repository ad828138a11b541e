import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";

export interface Env {
  Bindings: HttpBindings;
  Variables: { requestId: string };
}

export type ApiContext = Context<Env>;
export type Api = Hono<Env>;
