#!/usr/bin/env node
// node gitlab-note.mjs < comment.md
// Writes the note of this pipeline's merge request, or edits the one that it wrote earlier.
import { readFileSync } from "node:fs";

/** Begins the note, and is not shown. */
const MARK = "<!-- plan of the mailboxes -->";
const TIMEOUT_MS = 30_000;

const { CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID, GITLAB_NOTE_TOKEN } = process.env;
const address = `${CI_API_V4_URL}/projects/${CI_PROJECT_ID}/merge_requests/${CI_MERGE_REQUEST_IID}/notes`;

write(`${MARK}\n${readFileSync(0, "utf8")}`).catch((/** @type {Error} */ error) => {
  console.error(error.message);
  process.exitCode = 1;
});

/** @param {string} body */
async function write(body) {
  const note = await earlier();
  if (note === undefined) await call("POST", "", { body });
  else await call("PUT", `/${note.id}`, { body });
}

/** The note of an earlier pipeline, which is among the first ones of a merge request. */
async function earlier() {
  // As GitLab documents its answer.
  const notes = /** @type {{ id: number, body: string }[]} */ (
    await call("GET", "?sort=asc&order_by=created_at&per_page=100")
  );
  return notes.find((note) => note.body.startsWith(MARK));
}

/** @param {string} method @param {string} path @param {object} [body] */
async function call(method, path, body) {
  const response = await fetch(`${address}${path}`, {
    method,
    headers: { "private-token": GITLAB_NOTE_TOKEN ?? "", "content-type": "application/json" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok)
    throw new Error(`GitLab answered ${method} of the merge request's notes with HTTP ${response.status}`);
  return response.json();
}
