import { describe } from "vitest";
import { chromiumPath, startBrowser } from "../../scripts/kit/browser.mjs";

export { startBrowser };

/** Skips the tests if there is no Chromium. Their name then says how to install it. */
export function describeWithChromium(name: string, body: () => void): void {
  if (chromiumPath !== undefined) describe(name, body);
  else describe.skip(`${name} [skipped: Chromium is missing; apt-get install chromium, or set CHROMIUM]`, body);
}
