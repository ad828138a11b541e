import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { describe } from "vitest";
import { CHROMIUM_MISSING, chromiumPath, startBrowser } from "../../../tools/harness/browser.mjs";

/** Skips the tests if there is no Chromium. Their name then says how to install it. */
export function describeWithChromium(name: string, body: () => void): void {
  if (chromiumPath !== undefined) describe(name, body);
  else describe.skip(`${name} [skipped: ${CHROMIUM_MISSING}]`, body);
}

/** The windows of a file's tests, in one browser. */
export class Windows {
  readonly #open: BrowserContext[] = [];

  private constructor(
    private readonly browser: Browser,
    private readonly watch: (page: Page) => void,
  ) {}

  /** `watch` is called with each page before it opens a link. */
  static async start(watch: (page: Page) => void): Promise<Windows> {
    return new Windows(await startBrowser(), watch);
  }

  /** Opens the link in a window without history, cookies and storage. */
  async open(link: string, options?: BrowserContextOptions): Promise<Page> {
    const window = await this.browser.newContext(options);
    this.#open.push(window);
    const page = await window.newPage();
    this.watch(page);
    await page.goto(link);
    return page;
  }

  /** After each test. */
  async clear(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((window) => window.close()));
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}
