/** A public page, or a file of a public repository. */
export interface Source {
  name: string;
  url: string;
}

/** The day of the OpenAPI document whose facts the tests check: the newest that could be read. */
export const CONTRACT_DATE = "2026-08-21";
/** The day of the newest page or change log that the register knows. */
export const READ_UNTIL = "2026-11-20";

const DOCS = "https://developer.nylas.com/docs";
const REFERENCE = `${DOCS}/reference/api`;
const GITHUB = "https://github.com/nylas";

function docs(path: string): Source {
  return { name: `docs: ${path}`, url: `${DOCS}/${path}/` };
}

/** The contract's pages; the same text as the OpenAPI document that the tests validate against. */
function contract(path: string): Source {
  return { name: `contract: ${path.split("/").at(-1)}`, url: `${REFERENCE}/${path}/` };
}

function changeLog(date: string): Source {
  return { name: `docs: change log of ${date}`, url: `${DOCS}/changelogs/` };
}

function thread(repository: string, kind: "pull" | "issues", number: number): Source {
  const name = `${repository}: ${kind === "pull" ? "pull request" : "issue"} ${number}`;
  return { name, url: `${GITHUB}/${repository}/${kind}/${number}` };
}

function cli(path: string): Source {
  return { name: `nylas/cli: ${path.split("/").at(-1)}`, url: `${GITHUB}/cli/blob/main/${path}` };
}

export const ERRORS = docs("api/errors");
export const ERRORS_400 = docs("api/errors/400-response");
export const ERRORS_500 = docs("api/errors/500-response");
export const ERRORS_700 = docs("api/errors/700-response");
export const TROUBLESHOOTING = docs("v3/auth/troubleshooting");
export const LIMITS = docs("dev-guide/platform/rate-limits");
export const LIMIT_LAYERS = docs("developer-tools/api/rate-limits");
export const IMAP = docs("v3/auth/imap");
export const BYO = docs("v3/auth/bring-your-own-authentication");
export const ACCESS_TOKENS = docs("v3/auth/hosted-oauth-accesstoken");
export const EXPIRY = docs("cookbook/use-cases/build/handle-grant-expiry");
export const MANAGE_GRANTS = docs("dev-guide/best-practices/manage-grants");
export const DELETING = docs("dev-guide/platform/deleting-resources");
export const IAM_PERMISSIONS = docs("v3/auth/nylas-iam/permissions");
export const OLDER_ERRORS = docs("v3-beta/event-codes");
export const WORKSPACES = docs("dev-guide/platform/workspaces");
export const NEW_FIELDS = docs("new/v3-changelogs/2026-01-16-upcoming-grant-connector-schema-changes");
export const FETCH_FAILURES = changeLog("2026-09-03");
export const WORKSPACE_PATCH = changeLog("2026-09-24");
export const ABANDONED_KEYS = changeLog("2026-09-28");
export const IMAP_FIXES = changeLog("2026-10-07");
export const SENT_FOLDER: Source = {
  name: "docs: change log of 2026-08-27",
  url: `${DOCS}/changelogs/2026-08-27-send-imap-folder-and-rate-limits/`,
};
export const IAM_PRINCIPALS = docs("v3/auth/nylas-iam/manage-principals-with-api");
export const ADDRESSES = docs("dev-guide/platform/static-ips");
export const WEBHOOK_SCHEMAS = docs("reference/notifications/grants/grant-expired");
export const VALIDATION_LOGS: Source = {
  name: "docs: change log of 2026-02-27",
  url: `${DOCS}/changelogs/2026-02-27-auth/`,
};
export const SENDING_ERRORS = docs("v3/email/sending-errors");
export const IDEMPOTENT = docs("v3/email/idempotent-send");
export const SEARCH_MESSAGES = docs("cookbook/email/search-messages");
export const UNREAD_COUNTS = docs("cookbook/email/unread-message-counts");
export const IMAP_GUIDE = docs("provider-guides/imap");
export const IMAP_TROUBLESHOOTING = docs("provider-guides/imap/troubleshooting");
export const SMTP_SETTINGS: Source = {
  name: "support: SMTP settings during authentication",
  url: "https://support.nylas.com/hc/en-us/articles/33355551154461-How-can-I-ensure-users-enter-their-SMTP-settings-during-authentication",
};

export const CONTRACT: Source = { name: "contract", url: `${REFERENCE}/` };
export const APPLICATIONS = contract("applications");
export const AUTHENTICATION = contract("authentication-apis");
export const AUTH_LINK = contract("authentication-apis/get_oauth2_flow");
export const TOKEN_INFO = contract("authentication-apis/info_oauth2_token");
export const REVOKE = contract("authentication-apis/revoke_oauth2_token_and_grant");
export const EXCHANGE = contract("authentication-apis/exchange_oauth2_token");
export const CONNECTORS = contract("connectors-integrations");
export const DETECT_PROVIDER = contract("connectors-integrations/detect_provider_by_email");
export const CREATE_CONNECTOR = contract("connectors-integrations/create_connector");
export const LIST_CONNECTORS = contract("connectors-integrations/get_connector_all");
export const FIND_CONNECTOR = contract("connectors-integrations/get_connector_by_provider");
export const UPDATE_CONNECTOR = contract("connectors-integrations/update_connector_by_provider");
export const DELETE_CONNECTOR = contract("connectors-integrations/delete_connector_by_provider");
export const BYO_AUTH = contract("manage-grants/byo_auth");
export const LIST_GRANTS = contract("manage-grants/get-all-grants");
export const FIND_GRANT = contract("manage-grants/get_grant_by_id");
export const OWN_GRANT = contract("manage-grants/get_grant_by_access_token");
export const PATCH_GRANT = contract("manage-grants/patch_grant_by_id");
export const DELETE_GRANT = contract("manage-grants/delete_grant_by_id");
export const LIST_MESSAGES = contract("messages/get-messages");
export const READ_MESSAGE = contract("messages/get-messages-id");
export const SEND_MESSAGE = contract("messages/send-message");
export const LIST_FOLDERS = contract("folders/get-folder");
export const READ_FOLDER = contract("folders/get-folders-id");

export const NODE_CONNECTORS: Source = {
  name: "nylas-nodejs 8.4.0: models/connectors.ts",
  url: `${GITHUB}/nylas-nodejs/blob/v8.4.0/src/models/connectors.ts`,
};
export const NODE_CONNECTOR_CALLS: Source = {
  name: "nylas-nodejs 8.4.0: resources/connectors.ts",
  url: `${GITHUB}/nylas-nodejs/blob/v8.4.0/src/resources/connectors.ts`,
};
export const NODE_GRANTS: Source = {
  name: "nylas-nodejs 8.4.0: models/grants.ts",
  url: `${GITHUB}/nylas-nodejs/blob/v8.4.0/src/models/grants.ts`,
};
export const NODE_ERRORS: Source = {
  name: "nylas-nodejs 8.4.0: models/error.ts",
  url: `${GITHUB}/nylas-nodejs/blob/v8.4.0/src/models/error.ts`,
};
export const NODE_AUTH: Source = {
  name: "nylas-nodejs 8.4.0: resources/auth.ts",
  url: `${GITHUB}/nylas-nodejs/blob/v8.4.0/src/resources/auth.ts`,
};
export const NODE_CLIENT: Source = {
  name: "nylas-nodejs 8.4.0: apiClient.ts",
  url: `${GITHUB}/nylas-nodejs/blob/v8.4.0/src/apiClient.ts`,
};
export const NODE_RESOURCES: Source = {
  name: "nylas-nodejs 8.4.0: resources",
  url: `${GITHUB}/nylas-nodejs/tree/v8.4.0/src/resources`,
};
export const CONNECT_LIBRARY: Source = {
  name: "@nylas/connect 1.2.5",
  url: "https://www.npmjs.com/package/@nylas/connect/v/1.2.5",
};
export const JAVA_SMTP_REQUIRED = thread("nylas-java", "pull", 305);
export const PYTHON_CHARSET = thread("nylas-python", "issues", 474);
export const RUBY_CONTENT_TYPE = thread("nylas-ruby", "pull", 540);
export const RUBY_BODILESS = thread("nylas-ruby", "issues", 536);
export const JAVA_FILTERS: Source = {
  name: "nylas-java 2.18.1: change log",
  url: `${GITHUB}/nylas-java/releases/tag/v2.18.1`,
};
export const NODE_NO_NAME = thread("nylas-nodejs", "pull", 525);
export const NODE_SECRET = thread("nylas-nodejs", "pull", 753);
export const PYTHON_KEYS = thread("nylas-python", "pull", 464);
export const JAVA_PKCE_FIX = thread("nylas-java", "pull", 187);
export const PYTHON_PKCE = thread("nylas-python", "issues", 329);
export const PYTHON_PKCE_FIX = thread("nylas-python", "pull", 330);
export const RUBY_PATCH = thread("nylas-ruby", "pull", 454);
export const JAVA_SCOPE = thread("nylas-java", "issues", 209);
export const CLI_CHECKS = cli("internal/cli/doctor_checks.go");
export const CLI_LISTS = cli("internal/adapters/nylas/managed_grants.go");
export const CLI_ERRORS = cli("internal/adapters/nylas/agent_test.go");
