import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NylasError, type NylasErrorCode } from "../../provider/src/errors.js";
import { nylasImap } from "../support/nylas-imap.js";

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

const TERMINAL_COLUMNS = 80;
/** Proxies that would refuse each request. */
const NO_NETWORK = { HTTPS_PROXY: "http://127.0.0.1:1", HTTP_PROXY: "http://127.0.0.1:1" };
const MARKUP = /\*\*|\]\(|^\||^#|^```/m;

describe("nylas-imap explain", () => {
  it.each(sections)("prints the section of %s as text of 80 columns, without a key", async (code) => {
    const { stdout, ...run } = await nylasImap(NO_NETWORK, "explain", code);
    expect(run).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^${code}\n\n`));
    expect(stdout).toContain(`/docs/troubleshooting.md#${code}\n`);
    expect(stdout).not.toMatch(MARKUP);
    const words = sectionOf(code).match(/[A-Za-z]{3,}/g) ?? [];
    expect(words.filter((word) => !stdout.includes(word) && !/^(md|docs)$/.test(word))).toEqual([]);
    const wide = stdout.split("\n").filter((line) => line.length > TERMINAL_COLUMNS);
    // A link cannot be broken.
    expect(wide.filter((line) => !/^\s*\(?https:\S+$/.test(line))).toEqual([]);
  });

  it("styles its text where the output takes it", async () => {
    const { stdout } = await nylasImap({ FORCE_COLOR: "1" }, "explain", "api_key_refused");
    expect(stdout).toContain("\u001B[1mapi_key_refused\u001B[22m");
    expect(stdout).toContain("\u001B[36mnylas:region\u001B[39m");
    const plain = await nylasImap({ NO_COLOR: "1" }, "explain", "api_key_refused");
    expect(plain.stdout).toContain("`nylas:region`");
  });

  it.each([
    ["invalid_credential", "invalid_credentials"],
    ["(grant-exist)", "grant_exists"],
    ["api_key", "api_key_refused"],
  ])("suggests the nearest code for %s", async (given, meant) => {
    expect(await nylasImap({}, "explain", given)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining(`did you mean \`nylas-imap explain ${meant}\`?`),
    });
  });

  it("lists the codes where none is near", async () => {
    const { stderr } = await nylasImap({}, "explain", "sunshine");
    for (const code of sections) expect(stderr).toContain(code);
  });

  it("takes a code as an error shows it", async () => {
    for (const shown of ["(timeout)", "TIMEOUT", "https://example.com/troubleshooting.md#timeout"]) {
      expect((await nylasImap({}, "explain", shown)).stdout).toMatch(/^timeout\n/);
    }
  });
});

it.each([
  [["docter"], "did you mean doctor?"],
  [["exprot"], "did you mean export?"],
  [["doctor", "--verfy"], "did you mean --verify?"],
  [["doctor", "--allow-unmanged"], "did you mean --allow-unmanaged?"],
  [["export", "--aplication", "x"], "did you mean --application?"],
])("nylas-imap %j is refused with a suggestion", async (args, suggestion) => {
  expect(await nylasImap({}, ...args)).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringContaining(`${suggestion} Or see \`nylas-imap --help\``),
  });
});

function sectionOf(code: string): string {
  const [, section = ""] = page.split(`## \`${code}\`\n`);
  // Without the targets of links.
  return (section.split("\n## ")[0] ?? "").replaceAll(/\]\([^)]*\)/g, "]");
}
