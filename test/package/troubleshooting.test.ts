import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { NylasError, type NylasErrorCode } from "../../provider/src/errors.js";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/troubleshooting.md"), "utf8");
const sections = [...page.matchAll(/^## `(\w+)`$/gm)].map(([, code]) => code as NylasErrorCode);

/** The compiler asks for each code. */
const CODES: Record<NylasErrorCode, true> = {
  invalid_credentials: true,
  auth_limit_reached: true,
  provider_not_responding: true,
  mail_server_refused: true,
  grant_exists: true,
  connector_exists: true,
  connector_missing: true,
  connector_in_use: true,
  wrong_application: true,
  api_key_refused: true,
  rate_limited: true,
  nylas_unavailable: true,
  timeout: true,
  unexpected_response: true,
  invalid_input: true,
  not_found: true,
  permission_denied: true,
};

it("docs/troubleshooting.md has a section for each error code, and for no other", () => {
  expect(sections.toSorted()).toEqual(Object.keys(CODES).toSorted());
});

it.each(sections)(
  "an error of %s ends with a link to its section, in the repository that package.json names",
  (code) => {
    const { homepage } = JSON.parse(readFileSync(join(root, "provider/package.json"), "utf8"));
    const repository = homepage.replace("#readme", "");
    const { message } = new NylasError({ code, operation: "Trying", answer: "it failed", remedy: "try again" });
    expect(message.split("\n").at(-1)).toBe(`  more:       ${repository}/blob/main/docs/troubleshooting.md#${code}`);
  },
);
