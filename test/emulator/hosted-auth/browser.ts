import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { describe } from "vitest";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
/** Paths of Chromium in distributions. The environment may name another one. */
const FOLDERS = ["/usr/bin", ...(process.env.PATH ?? "").split(delimiter)];

const executablePath =
  process.env.CHROMIUM ||
  FOLDERS.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((place) => existsSync(place));

/** Skips the tests if there is no Chromium. Their name then says how to install it. */
export function describeWithChromium(name: string, body: () => void): void {
  if (executablePath !== undefined) describe(name, body);
  else describe.skip(`${name} [skipped: Chromium is missing; apt-get install chromium, or set CHROMIUM]`, body);
}

export function startBrowser(): Promise<Browser> {
  if (executablePath === undefined) throw new Error("there is no Chromium");
  // Chromium's sandbox does not run as root.
  return chromium.launch({ executablePath, chromiumSandbox: userInfo().uid !== 0 });
}
