import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { type Browser, chromium } from "playwright-core";
import { describe } from "vitest";

/** Where distributions put it; the environment may name another one. */
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const executablePath = process.env.CHROMIUM ?? PLACES.find((place) => existsSync(place));

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
