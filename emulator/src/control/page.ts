import { readFile } from "node:fs/promises";
import type { Api } from "../http/context.js";

/** The page's files, which lie beside `src/` and `dist/`. */
const DIRECTORY = new URL("../../page/", import.meta.url);

const PAGE = { file: "index.html", type: "text/html; charset=utf-8" };
const STYLE = { file: "page.css", type: "text/css; charset=utf-8" };
const SCRIPTS = [
  "page.js",
  "overview.js",
  "fault-rule.js",
  "rows.js",
  "question.js",
  "copy.js",
  "control.js",
  "dom.js",
].map((file) => ({ file, type: "text/javascript; charset=utf-8" }));

const HEADERS = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; "),
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/** Register before the API key is checked: the page holds no secret, and brings the key to each request it sends. */
export function pageRoutes(api: Api): void {
  api.get("/_emulator", (context) => context.redirect("/_emulator/"));
  for (const { file, type } of [PAGE, STYLE, ...SCRIPTS]) {
    api.get(`/_emulator/${file === PAGE.file ? "" : file}`, async (context) => {
      return context.body(await readFile(new URL(file, DIRECTORY), "utf8"), 200, { ...HEADERS, "content-type": type });
    });
  }
}

/** The page's address with the API key in the fragment, which browsers do not send. */
export function pageLink(apiUri: string, apiKey: string): string {
  return `${apiUri}/_emulator/#key=${encodeURIComponent(apiKey)}`;
}
