import type { MiddlewareHandler } from "hono";
import type { BehaviorReport, Behaviors } from "../behaviors.js";
import { answer, answerDeleted } from "../conventions/answer.js";
import { isObject, optionalText, readJson, readObject } from "../conventions/body.js";
import { notFound } from "../conventions/errors.js";
import type { Api, Env } from "../http/context.js";
import type { MailboxStore } from "../mail-server/mailbox-store.js";
import type { Random } from "../random.js";
import { type Store, sameAddress } from "../store/store.js";
import type { StoredGrant } from "../store/types.js";
import { ControlError } from "./control-error.js";
import { cutOffMiddleware, faultMiddleware, logMiddleware } from "./fault-middleware.js";
import { FaultRules } from "./fault-rules.js";
import { type OverviewDependencies, overview } from "./overview.js";
import { RequestLog } from "./request-log.js";

const MAX_USERNAME = 320;
const MAX_PASSWORD = 1024;
/** Some thirty years. */
const MAX_AHEAD_SECONDS = 1_000_000_000;

/** The state behind the control interface, and the middleware that uses it. */
export interface Control {
  readonly requests: RequestLog;
  readonly rules: FaultRules;
  readonly log: MiddlewareHandler<Env>;
  readonly faults: MiddlewareHandler<Env>;
  readonly cutOff: MiddlewareHandler<Env>;
}

export function createControl(apiKey: string, behaviors: Behaviors, seeded: () => Random): Control {
  const requests = new RequestLog(apiKey);
  const rules = new FaultRules(seeded);
  return {
    requests,
    rules,
    log: logMiddleware(requests),
    faults: faultMiddleware(rules, behaviors),
    cutOff: cutOffMiddleware(),
  };
}

export interface ControlDependencies extends OverviewDependencies {
  control: Pick<Control, "requests" | "rules">;
  store: OverviewDependencies["store"] & Pick<Store, "grant" | "updateGrant" | "setUsers" | "putClockAhead">;
  behaviors: Behaviors;
  /** The embedded servers' mailboxes; only with `--mail`. */
  mailboxes: Pick<MailboxStore, "users" | "folder" | "setPassword"> | undefined;
  reportBehaviors(): readonly BehaviorReport[];
  /** A grant as the API shows it. */
  viewGrant(grant: StoredGrant): unknown;
}

/** Register before the API key is checked: a certificate is public, and tools that fetch one send no key. */
export function authorityRoute(api: Api, ca: string | undefined): void {
  api.get("/_emulator/ca.pem", (context) => {
    if (ca === undefined) throw new ControlError("The emulator runs without --mail: it has no certificate.");
    return context.body(ca, 200, { "content-type": "application/x-pem-file" });
  });
}

export function controlRoutes(api: Api, dependencies: ControlDependencies): void {
  const { control, store, behaviors, mailboxes, reportBehaviors, viewGrant } = dependencies;
  const { requests, rules } = control;

  api.get("/_emulator/overview", (context) => answer(context, overview(dependencies)));

  api.get("/_emulator/behaviors", (context) => answer(context, reportBehaviors()));

  api.get("/_emulator/requests", (context) => answer(context, requests.list()));

  api.delete("/_emulator/requests", (context) => {
    requests.clear();
    return answerDeleted(context);
  });

  api.get("/_emulator/faults", (context) => answer(context, rules.list()));

  api.put("/_emulator/faults", async (context) => {
    const body = await readJson(context);
    rules.replace(isObject(body) && "rules" in body ? body.rules : body);
    return answer(context, {});
  });

  api.delete("/_emulator/faults", (context) => {
    rules.clear();
    return answerDeleted(context);
  });

  api.get("/_emulator/grants", (context) => answer(context, store.grants().map(viewGrant)));

  api.put("/_emulator/clock", async (context) => {
    const { aheadSeconds } = await readObject(context);
    if (
      typeof aheadSeconds !== "number" ||
      !Number.isInteger(aheadSeconds) ||
      Math.abs(aheadSeconds) > MAX_AHEAD_SECONDS
    )
      throw new ControlError(`aheadSeconds must be a whole number from ${-MAX_AHEAD_SECONDS} to ${MAX_AHEAD_SECONDS}.`);
    store.putClockAhead(aheadSeconds);
    return answer(context, { aheadSeconds });
  });

  api.get("/_emulator/mailboxes/:username", (context) => {
    const username = context.req.param("username");
    const user = mailboxes?.users().find((known) => sameAddress(known.username, username));
    if (user === undefined) throw notFound("other", behaviors);
    return answer(context, user);
  });

  api.put("/_emulator/mailboxes/:username", async (context) => {
    if (mailboxes === undefined) throw new ControlError("The emulator runs without --mail: it has no mailboxes.");
    const username = context.req.param("username");
    const password = optionalText(await readObject(context), "password");
    if (!isOneLine(username, MAX_USERNAME)) throw new ControlError("The username must be one line of text.");
    if (password === undefined || !isOneLine(password, MAX_PASSWORD)) {
      throw new ControlError("password must be one line of text.");
    }
    mailboxes.setPassword(username, password);
    await store.setUsers(mailboxes.users());
    return answer(context, { username });
  });

  api.patch("/_emulator/grants/:id", async (context) => {
    const id = context.req.param("id");
    if (store.grant(id) === undefined) throw notFound("grant", behaviors);
    const grant = await store.updateGrant(id, grantChanges(await readObject(context)));
    if (grant === undefined) throw notFound("grant", behaviors);
    return answer(context, viewGrant(grant));
  });
}

function grantChanges(body: Readonly<Record<string, unknown>>): Partial<Pick<StoredGrant, "status" | "blocked">> {
  const { grant_status: status, blocked } = body;
  if (status === undefined && blocked === undefined) throw new ControlError("Give grant_status or blocked.");
  if (status !== undefined && status !== "valid" && status !== "invalid") {
    throw new ControlError("grant_status must be valid or invalid.");
  }
  if (blocked !== undefined && typeof blocked !== "boolean") throw new ControlError("blocked must be true or false.");
  return { ...(status === undefined ? {} : { status }), ...(blocked === undefined ? {} : { blocked }) };
}

function isOneLine(text: string, max: number): boolean {
  return text.length > 0 && text.length <= max && !/[\r\n\0]/.test(text);
}
