import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
/** Paths of Chromium in distributions. The environment may name another one. */
const FOLDERS = ["/usr/bin", ...(process.env.PATH ?? "").split(delimiter)];

/** Undefined if there is no Chromium. */
export const chromiumPath =
  process.env.CHROMIUM ||
  FOLDERS.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((place) => existsSync(place));

export function startBrowser() {
  if (chromiumPath === undefined) throw new Error("Chromium is missing; apt-get install chromium, or set CHROMIUM");
  // Chromium's sandbox does not run as root.
  return chromium.launch({ executablePath: chromiumPath, chromiumSandbox: userInfo().uid !== 0 });
}
