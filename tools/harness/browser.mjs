import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

/** The shell has no user interface, and takes a third of Chromium's processor time for a page. */
const NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];
/** Where distributions put them. The environment may name another one. */
const FOLDERS = ["/usr/bin", ...(process.env.PATH ?? "").split(delimiter)];

export const CHROMIUM_MISSING = "Chromium is missing; apt-get install chromium-headless-shell, or set CHROMIUM";

/** Undefined if there is no Chromium. */
export const chromiumPath =
  process.env.CHROMIUM ||
  NAMES.flatMap((name) => FOLDERS.map((folder) => join(folder, name))).find((place) => existsSync(place));

export function startBrowser() {
  if (chromiumPath === undefined) throw new Error(CHROMIUM_MISSING);
  // Chromium's sandbox does not run as root.
  return chromium.launch({ executablePath: chromiumPath, chromiumSandbox: userInfo().uid !== 0 });
}
