import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";
import type { PendingCodes } from "../api/connect/pending-codes.js";
import type { Behaviours } from "../behaviours.js";
import type { FailureCount } from "../mail-client/failure-count.js";
import type { Trust } from "../mail-client/trust.js";
import type { MailboxStore } from "../mail-server/mailbox-store.js";
import type { Store } from "../store/store.js";

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
