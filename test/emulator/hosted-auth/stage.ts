import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import { startBrowser } from "../../support/browser.js";
import type { TestEmulator } from "../../support/emulator.js";
import { Application } from "./application.js";
import { Form } from "./form.js";
import { type Ends, linkOf, type Query, startEmulator } from "./links.js";

/** A browser, the application, and the emulator that shows the form. */
export class Stage implements Ends {
  readonly #contexts: BrowserContext[] = [];
  /** Dialogs, script errors and console messages. */
  readonly complaints: string[] = [];

  private constructor(
    readonly browser: Browser,
    readonly application: Application,
    readonly emulator: TestEmulator,
  ) {}

  static async start(): Promise<Stage> {
    return new Stage(...(await Promise.all([startBrowser(), Application.start(), startEmulator()])));
  }

  /** Opens an application's link in a new browser context. */
  async visit(link: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext(options);
    this.#contexts.push(context);
    const page = await context.newPage();
    page.on("dialog", (dialog) => {
      this.complaints.push(`a dialog says ${dialog.message()}`);
      dialog.dismiss().catch(() => undefined);
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      // A refusal is a page with an error status, which the browser logs.
      const expected = message.text().includes("the server responded with a status of 400");
      if (message.type() === "error" && !expected) this.complaints.push(message.text());
    });
    await page.goto(link);
    return page;
  }

  async open(query: Query, options: BrowserContextOptions = {}, emulator = this.emulator): Promise<Form> {
    return new Form(await this.visit(linkOf({ application: this.application, emulator }, query), options));
  }

  /** Submits the form. Returns the application's callback parameters. */
  async submit(form: Form): Promise<Query> {
    return this.backFrom(form, () => form.connect.click());
  }

  /** Runs an action that leads to the application. Returns the callback parameters. */
  async backFrom({ page }: Form, act: () => Promise<void>): Promise<Query> {
    await Promise.all([page.waitForURL((url) => url.origin === this.application.origin), act()]);
    const callbacks = this.application.callbacks.splice(0);
    expect(callbacks).toHaveLength(1);
    return callbacks[0] ?? {};
  }

  /** After each test: expects no unread callback and no browser error. */
  async clear(): Promise<void> {
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
    expect({ complaints: this.complaints.splice(0), callbacks: this.application.callbacks.splice(0) }).toEqual({
      complaints: [],
      callbacks: [],
    });
  }

  async close(): Promise<void> {
    await this.browser.close();
    await Promise.all([this.application.close(), this.emulator.close()]);
  }
}
