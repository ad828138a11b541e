import { answer } from "../../conventions/answer.js";
import { ApiError, notFound } from "../../conventions/errors.js";
import { refuseOtherFields, refuseUnplayedParameters, wholeNumber } from "../../conventions/query.js";
import type { Api, ApiContext } from "../../http/context.js";
import type { ReadFolder } from "../../mail-client/imap-read.js";
import { lastOf, readMessageFilter } from "./filter.js";
import { accessFailure, grantOfDataPath, type MailboxDependencies } from "./mailbox-access.js";
import { messageView } from "./message-view.js";

const PAGE_DEFAULT = 50;
const PAGE_MAX = 200;
/** `query_imap` is supported: the emulator has no copy of mailboxes and always queries the mail server. */
const UNPLAYED_OF_MESSAGES = [
  "metadata_pair",
  "search_query_native",
  "select",
  "shared_folder_id",
  "shared_from",
  "thread_id",
];
const UNPLAYED_OF_MESSAGE = ["select", "shared_from"];
const UNPLAYED_OF_FOLDERS = ["include_hidden_folders", "parent_id", "select", "shared_from", "single_level"];
const UNPLAYED_OF_FOLDER = ["select", "shared_from"];

export function messageRoutes(api: Api, dependencies: MailboxDependencies): void {
  const { behaviors, mailClient } = dependencies;

  api.get("/v3/grants/:id/messages", async (context) => {
    const limit = wholeNumber(context, "limit", PAGE_DEFAULT, { min: 1, max: PAGE_MAX });
    const before = readPageToken(context);
    const filter = readMessageFilter(context);
    refuseUnplayedParameters(context, UNPLAYED_OF_MESSAGES);
    refuseOtherFields(context);
    const folder = lastOf(context, "in") || "INBOX";
    const grant = grantOfDataPath(context, dependencies);
    const page = {
      folder,
      limit,
      ...(before === undefined ? {} : { before }),
      ...filter,
    };
    const outcome = await mailClient.messages(grant.settings, page);
    if (outcome.verdict !== "accepted") {
      throw await accessFailure(dependencies, grant, outcome.verdict);
    }
    if (outcome.result === "no-such-folder") throw notFound("other", behaviors);
    const { messages, olderThan, folder: path } = outcome.result;
    return context.json({
      request_id: context.var.requestId,
      data: messages.map((message) => messageView(message, { grantId: grant.id, folders: [path] }, behaviors)),
      ...(olderThan === undefined ? {} : { next_cursor: pageToken(olderThan) }),
    });
  });

  api.get("/v3/grants/:id/messages/:message", async (context) => {
    refuseUnplayedParameters(context, UNPLAYED_OF_MESSAGE);
    refuseOtherFields(context);
    const grant = grantOfDataPath(context, dependencies);
    const outcome = await mailClient.message(grant.settings, context.req.param("message"));
    if (outcome.verdict !== "accepted") {
      throw await accessFailure(dependencies, grant, outcome.verdict);
    }
    if (outcome.result === undefined) throw notFound("other", behaviors);
    const { message, folder } = outcome.result;
    return answer(context, messageView(message, { grantId: grant.id, folders: [folder] }, behaviors));
  });

  api.get("/v3/grants/:id/folders", async (context) => {
    const limit = wholeNumber(context, "limit", PAGE_DEFAULT, { min: 1, max: PAGE_MAX });
    const start = readPageToken(context) ?? 0;
    refuseUnplayedParameters(context, UNPLAYED_OF_FOLDERS);
    const grant = grantOfDataPath(context, dependencies);
    const outcome = await mailClient.folders(grant.settings);
    if (outcome.verdict !== "accepted") {
      throw await accessFailure(dependencies, grant, outcome.verdict);
    }
    const end = start + limit;
    return context.json({
      request_id: context.var.requestId,
      data: outcome.result.slice(start, end).map((folder) => folderView(folder, grant.id)),
      ...(end < outcome.result.length ? { next_cursor: pageToken(end) } : {}),
    });
  });

  api.get("/v3/grants/:id/folders/:folder", async (context) => {
    refuseUnplayedParameters(context, UNPLAYED_OF_FOLDER);
    const grant = grantOfDataPath(context, dependencies);
    const outcome = await mailClient.folders(grant.settings);
    if (outcome.verdict !== "accepted") {
      throw await accessFailure(dependencies, grant, outcome.verdict);
    }
    const folder = outcome.result.find(({ path }) => path === context.req.param("folder"));
    if (folder === undefined) throw notFound("other", behaviors);
    return answer(context, folderView(folder, grant.id));
  });
}

function folderView(folder: ReadFolder, grantId: string): Record<string, unknown> {
  return {
    id: folder.path,
    name: folder.name,
    object: "folder",
    grant_id: grantId,
    ...(folder.parent === undefined ? {} : { parent_id: folder.parent }),
    attributes: folder.attributes,
    ...(folder.count === undefined ? {} : { total_count: folder.count.total, unread_count: folder.count.unread }),
    system_folder: folder.path.toUpperCase() === "INBOX",
  };
}

/** For messages `place` is the UID that the next page stays below, for folders the index it starts at. */
function pageToken(place: number): string {
  return Buffer.from(String(place)).toString("base64url");
}

function readPageToken(context: ApiContext): number | undefined {
  const token = context.req.query("page_token");
  if (!token) return undefined;
  const place = Buffer.from(token, "base64url").toString("latin1");
  if (!/^\d{1,10}$/.test(place)) throw ApiError.of("pageTokenUnknown");
  return Number(place);
}
