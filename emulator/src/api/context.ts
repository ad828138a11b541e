import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";
import type { Behaviours } from "../behaviours.js";
import type { FailureCount } from "../login/failure-count.js";
import type { Trust } from "../login/trust.js";
import type { MailboxStore } from "../mail/mailbox-store.js";
import type { Store } from "../store/store.js";
import type { PendingCodes } from "./pending-codes.js";

/** What the routes share. */
export interface World {
  readonly apiKey: string;
  readonly behaviours: Behaviours;
  readonly store: Store;
  readonly trust: Trust;
  readonly failures: FailureCount;
  readonly codes: PendingCodes;
  /** The embedded servers' mailboxes; only with `--mail`. */
  readonly mailboxes: MailboxStore | undefined;
}

export interface Env {
  Bindings: HttpBindings;
  Variables: { requestId: string };
}

export type ApiContext = Context<Env>;
export type Api = Hono<Env>;
