import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { describe } from "vitest";
import { chromiumPath, startBrowser } from "../../scripts/kit/browser.mjs";

/** Skips the tests if there is no Chromium. Their name then says how to install it. */
export function describeWithChromium(name: string, body: () => void): void {
  if (chromiumPath !== undefined) describe(name, body);
  else describe.skip(`${name} [skipped: Chromium is missing; apt-get install chromium, or set CHROMIUM]`, body);
}

/** Options of a window that has no history and no session storage yet. */
export const FRESH_WINDOW: BrowserContextOptions = {};

/** The windows of a file's tests. One is shared, as each opening of a window takes a second of processor time. */
export class Windows {
  #shared: Promise<Page> | undefined;
  #sharedIsFree = true;
  readonly #own: BrowserContext[] = [];

  private constructor(
    private readonly browser: Browser,
    private readonly watch: (page: Page) => void,
  ) {}

  /** `watch` is called with each page before it opens a link. */
  static async start(watch: (page: Page) => void): Promise<Windows> {
    return new Windows(await startBrowser(), watch);
  }

  /**
   * The first call of a test without options opens the link in the shared window, whose history and session storage earlier tests
   * have used. Any other call opens a window of its own.
   */
  async open(link: string, options?: BrowserContextOptions): Promise<Page> {
    const page = await (options === undefined && this.#sharedIsFree ? this.#takeShared() : this.#openOwn(options));
    await page.goto(link);
    return page;
  }

  #takeShared(): Promise<Page> {
    this.#sharedIsFree = false;
    this.#shared ??= this.#openPage();
    return this.#shared;
  }

  async #openOwn(options?: BrowserContextOptions): Promise<Page> {
    const page = await this.#openPage(options);
    this.#own.push(page.context());
    return page;
  }

  async #openPage(options?: BrowserContextOptions): Promise<Page> {
    const page = await (await this.browser.newContext(options)).newPage();
    this.watch(page);
    return page;
  }

  /** After each test. */
  async clear(): Promise<void> {
    await Promise.all(this.#own.splice(0).map((context) => context.close()));
    const shared = await this.#shared;
    try {
      await shared?.goto("about:blank");
      await shared?.context().clearCookies();
    } catch {
      // The test has led it elsewhere and not waited for that. The next test gets another one.
      this.#shared = undefined;
      await shared?.context().close();
    }
    this.#sharedIsFree = true;
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}
