import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { describe } from "vitest";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
/** Where distributions put it, whatever the PATH is; the environment may name another one. */
const FOLDERS = ["/usr/bin", ...(process.env.PATH ?? "").split(delimiter)];

const executablePath =
  process.env.CHROMIUM ||
  FOLDERS.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((place) => existsSync(place));

/** Its tests run where a Chromium is; elsewhere their name says how to get one. */
export function describeWithChromium(name: string, body: () => void): void {
  if (executablePath !== undefined) describe(name, body);
  else describe.skip(`${name} [skipped: Chromium is missing; apt-get install chromium, or set CHROMIUM]`, body);
}

export function startBrowser(): Promise<Browser> {
  if (executablePath === undefined) throw new Error("there is no Chromium");
  // Chromium refuses to build its sandbox for root.
  return chromium.launch({ executablePath, chromiumSandbox: userInfo().uid !== 0 });
}
