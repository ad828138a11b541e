import type { Behaviors } from "../behaviors.js";
import { ApiError } from "../conventions/errors.js";
import type { Api, ApiContext } from "../http/context.js";

/** Methods that Nylas supports and the emulator does not, on paths where the emulator implements other methods. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  "/v3/applications": ["PATCH"],
  "/v3/grants/:grant/folders": ["POST"],
  "/v3/grants/:grant/folders/:folder": ["PUT", "DELETE"],
  "/v3/grants/:grant/messages/:message": ["PUT", "DELETE"],
};

/** Paths that Nylas supports and the emulator does not implement at all. */
const PATHS = [
  "/v3/admin/applications/:application/api-keys",
  "/v3/admin/applications/:application/api-keys/:key",
  "/v3/admin/domains",
  "/v3/admin/domains/:domain",
  "/v3/admin/domains/:domain/info",
  "/v3/admin/domains/:domain/verify",
  "/v3/applications/callback-uris",
  "/v3/applications/callback-uris/:uri",
  "/v3/applications/redirect-uris",
  "/v3/applications/redirect-uris/:uri",
  "/v3/calendars/availability",
  "/v3/channels/pubsub",
  "/v3/channels/pubsub/:channel",
  "/v3/channels/sns",
  "/v3/channels/sns/:channel",
  "/v3/connectors/:provider/creds",
  "/v3/connectors/:provider/creds/:credential",
  "/v3/domains/:domain/messages/send",
  "/v3/grants/:grant/attachment-uploads",
  "/v3/grants/:grant/attachment-uploads/:upload/complete",
  "/v3/grants/:grant/attachments/:attachment",
  "/v3/grants/:grant/attachments/:attachment/download",
  "/v3/grants/:grant/calendars",
  "/v3/grants/:grant/calendars/:calendar",
  "/v3/grants/:grant/calendars/free-busy",
  "/v3/grants/:grant/contacts",
  "/v3/grants/:grant/contacts/:contact",
  "/v3/grants/:grant/contacts/groups",
  "/v3/grants/:grant/contacts/groups/:group",
  "/v3/grants/:grant/drafts",
  "/v3/grants/:grant/drafts/:draft",
  "/v3/grants/:grant/events",
  "/v3/grants/:grant/events/:event",
  "/v3/grants/:grant/events/:event/send-rsvp",
  "/v3/grants/:grant/events/import",
  "/v3/grants/:grant/messages/:message/attachments/:attachment",
  "/v3/grants/:grant/messages/:message/attachments/:attachment/download",
  "/v3/grants/:grant/messages/:message/smart-compose",
  "/v3/grants/:grant/messages/clean",
  "/v3/grants/:grant/messages/schedules",
  "/v3/grants/:grant/messages/schedules/:schedule",
  "/v3/grants/:grant/messages/smart-compose",
  "/v3/grants/:grant/notetakers",
  "/v3/grants/:grant/notetakers/:notetaker",
  "/v3/grants/:grant/notetakers/:notetaker/cancel",
  "/v3/grants/:grant/notetakers/:notetaker/history",
  "/v3/grants/:grant/notetakers/:notetaker/leave",
  "/v3/grants/:grant/notetakers/:notetaker/media",
  "/v3/grants/:grant/resources",
  "/v3/grants/:grant/rule-evaluations",
  "/v3/grants/:grant/scheduling/configurations",
  "/v3/grants/:grant/scheduling/configurations/:configuration",
  "/v3/grants/:grant/scheduling/configurations/:configuration/group-events",
  "/v3/grants/:grant/scheduling/configurations/:configuration/group-events/:event",
  "/v3/grants/:grant/settings",
  "/v3/grants/:grant/settings/:name",
  "/v3/grants/:grant/signatures",
  "/v3/grants/:grant/signatures/:signature",
  "/v3/grants/:grant/templates",
  "/v3/grants/:grant/templates/:template",
  "/v3/grants/:grant/templates/:template/render",
  "/v3/grants/:grant/templates/render",
  "/v3/grants/:grant/threads",
  "/v3/grants/:grant/threads/:thread",
  "/v3/grants/:grant/workflows",
  "/v3/grants/:grant/workflows/:workflow",
  "/v3/iam/principals",
  "/v3/iam/principals/:principal",
  "/v3/iam/principals/:principal/credentials",
  "/v3/iam/principals/:principal/credentials/:credential",
  "/v3/lists",
  "/v3/lists/:list",
  "/v3/lists/:list/items",
  "/v3/migration-tools/grants/:account/clone",
  "/v3/migration-tools/import-v2-app",
  "/v3/migration-tools/jobs",
  "/v3/migration-tools/link-v2v3-apps",
  "/v3/migration-tools/snapshot-batch-clone",
  "/v3/migration-tools/translate",
  "/v3/notetakers",
  "/v3/notetakers/:notetaker",
  "/v3/notetakers/:notetaker/cancel",
  "/v3/notetakers/:notetaker/history",
  "/v3/notetakers/:notetaker/leave",
  "/v3/notetakers/:notetaker/media",
  "/v3/policies",
  "/v3/policies/:policy",
  "/v3/rules",
  "/v3/rules/:rule",
  "/v3/scheduling/availability",
  "/v3/scheduling/bookings",
  "/v3/scheduling/bookings/:booking",
  "/v3/scheduling/configurations/:configuration/group-events/validate-timeslot",
  "/v3/scheduling/configurations/:configuration/import-group-events",
  "/v3/scheduling/sessions",
  "/v3/scheduling/sessions/:session",
  "/v3/scheduling/should-redirect/:slug",
  "/v3/templates",
  "/v3/templates/:template",
  "/v3/templates/:template/render",
  "/v3/templates/render",
  "/v3/webhooks",
  "/v3/webhooks/:webhook",
  "/v3/webhooks/ip-addresses",
  "/v3/webhooks/mock-payload",
  "/v3/webhooks/rotate-secret/:webhook",
  "/v3/webhooks/send-test-event",
  "/v3/workflows",
  "/v3/workflows/:workflow",
  "/v3/workspaces",
  "/v3/workspaces/:workspace",
  "/v3/workspaces/:workspace/manual-assign",
  "/v3/workspaces/auto-group",
];

/** Characters of a path in an error message. */
const MAX_SHOWN_PATH = 120;

/**
 * Answers 501 for unimplemented endpoints. A 404 would tell the client that its object has been deleted. Register before the
 * implemented routes: `/messages/schedules` is an endpoint and not a message.
 */
export function unplayedRoutes(api: Api): void {
  const refuse = ({ req }: ApiContext): never => {
    throw ApiError.of("notPlayed", { method: req.method, path: shown(req.path) });
  };
  for (const path of PATHS) api.all(path, refuse);
  for (const [path, methods] of Object.entries(METHODS)) {
    api.all(path, (context, next) => (methods.includes(context.req.method) ? refuse(context) : next()));
  }
}

/** The error for a path that, as far as is known, Nylas does not have either. */
export function noEndpoint({ req }: ApiContext, behaviors: Behaviors): ApiError {
  const type = behaviors.notFoundType === "plain" ? "not_found_error" : "api.not_found_error";
  return ApiError.of("noEndpoint", { method: req.method, path: shown(req.path), type });
}

function shown(path: string): string {
  return path.slice(0, MAX_SHOWN_PATH);
}
