import type { MiddlewareHandler } from "hono";
import { grantView } from "../api/grants/grant-view.js";
import type { BehaviourReport } from "../behaviours.js";
import { answer, answerDeleted } from "../http/answer.js";
import { isObject, optionalText, readJson, readObject } from "../http/body.js";
import type { Api, Env, World } from "../http/context.js";
import { invalidRequest, notFound } from "../http/errors.js";
import { RequestLog } from "../http/request-log.js";
import type { Random } from "../random.js";
import { faultMiddleware, logMiddleware } from "./fault-middleware.js";
import { FaultRules } from "./fault-rules.js";

const MAX_USERNAME = 320;
const MAX_PASSWORD = 1024;

/** What a test can see and steer. */
export interface Control {
  readonly requests: RequestLog;
  readonly rules: FaultRules;
  behaviours(): readonly BehaviourReport[];
  readonly log: MiddlewareHandler<Env>;
  readonly faults: MiddlewareHandler<Env>;
}

export function createControl(world: World, seeded: () => Random, behaviours: Control["behaviours"]): Control {
  const requests = new RequestLog(world.apiKey);
  const rules = new FaultRules(seeded);
  return {
    requests,
    rules,
    behaviours,
    log: logMiddleware(requests),
    faults: faultMiddleware(rules, world.behaviours),
  };
}

export function controlRoutes(api: Api, world: World, { requests, rules, behaviours }: Control): void {
  api.get("/_emulator/behaviours", (context) => answer(context, behaviours()));

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

  api.put("/_emulator/mailboxes/:username", async (context) => {
    const { mailboxes, store } = world;
    if (mailboxes === undefined) throw invalidRequest("The emulator runs without --mail: it has no mailboxes.");
    const username = context.req.param("username");
    const password = optionalText(await readObject(context), "password");
    if (!isOneLine(username, MAX_USERNAME)) throw invalidRequest("The username must be one line of text.");
    if (password === undefined || !isOneLine(password, MAX_PASSWORD)) {
      throw invalidRequest("password must be one line of text.");
    }
    mailboxes.setPassword(username, password);
    await store.setUsers(mailboxes.users());
    return answer(context, { username });
  });

  api.patch("/_emulator/grants/:id", async (context) => {
    const { store, behaviours } = world;
    const id = context.req.param("id");
    if (store.grant(id) === undefined) throw notFound("grant", behaviours);
    const status = optionalText(await readObject(context), "grant_status");
    if (status !== "valid" && status !== "invalid") throw invalidRequest("grant_status must be valid or invalid.");
    const grant = await store.updateGrant(id, { status });
    if (grant === undefined) throw notFound("grant", behaviours);
    return answer(context, grantView(grant, behaviours));
  });
}

function isOneLine(text: string, max: number): boolean {
  return text.length > 0 && text.length <= max && !/[\r\n\0]/.test(text);
}
