import { type ReadFolder, type ReadMessage, readFolders, readMessages } from "../login/imap-read.js";
import type { Api, ApiContext, World } from "./context.js";
import { answer, wholeNumber } from "./envelope.js";
import { invalidRequest, notFound } from "./errors.js";
import { accessFailure, grantOfDataPath } from "./mailbox-access.js";

const PAGE_DEFAULT = 50;
const PAGE_MAX = 200;
const SNIPPET_LENGTH = 200;

export function messageRoutes(api: Api, world: World): void {
  api.get("/v3/grants/:id/messages", async (context) => {
    const limit = wholeNumber(context, "limit", PAGE_DEFAULT, { min: 1, max: PAGE_MAX });
    const before = readPageToken(context);
    const folder = context.req.query("in") || "INBOX";
    const grant = grantOfDataPath(context, world);
    const { settings } = grant;
    const page = { folder, limit, ...(before === undefined ? {} : { before }) };
    const outcome = await readMessages(settings, world.trust, page);
    if (outcome.verdict !== "accepted") {
      throw await accessFailure(world, grant, settings.imap_password, outcome.verdict);
    }
    if (outcome.result === "no-such-folder") throw notFound("other", world.behaviours);
    const { messages, olderThan } = outcome.result;
    return context.json({
      request_id: context.var.requestId,
      data: messages.map((message) => messageView(message, grant.id, folder)),
      ...(olderThan === undefined ? {} : { next_cursor: pageToken(olderThan) }),
    });
  });

  api.get("/v3/grants/:id/folders", async (context) => {
    const grant = grantOfDataPath(context, world);
    const { settings } = grant;
    const outcome = await readFolders(settings, world.trust);
    if (outcome.verdict !== "accepted") {
      throw await accessFailure(world, grant, settings.imap_password, outcome.verdict);
    }
    return answer(
      context,
      outcome.result.map((folder) => folderView(folder, grant.id)),
    );
  });
}

function messageView(message: ReadMessage, grantId: string, folder: string): Record<string, unknown> {
  const { uid: _uid, body, ...shown } = message;
  return {
    ...shown,
    object: "message",
    grant_id: grantId,
    thread_id: message.id,
    folders: [folder],
    body,
    ...(body === "" ? {} : { snippet: body.slice(0, SNIPPET_LENGTH) }),
    bcc: [],
    reply_to: [],
    attachments: [],
  };
}

function folderView(folder: ReadFolder, grantId: string): Record<string, unknown> {
  return {
    id: folder.path,
    name: folder.name,
    object: "folder",
    grant_id: grantId,
    ...(folder.parent === undefined ? {} : { parent_id: folder.parent }),
    attributes: folder.attributes,
    system_folder: folder.path.toUpperCase() === "INBOX",
  };
}

function pageToken(olderThan: number): string {
  return Buffer.from(String(olderThan)).toString("base64url");
}

function readPageToken(context: ApiContext): number | undefined {
  const token = context.req.query("page_token");
  if (!token) return undefined;
  const uid = Buffer.from(token, "base64url").toString("latin1");
  if (!/^\d{1,10}$/.test(uid)) throw invalidRequest("Query parameter page_token is not one of this list's cursors.");
  return Number(uid);
}
