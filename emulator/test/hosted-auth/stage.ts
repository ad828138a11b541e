import type { BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import type { TestEmulator } from "../../../tools/harness/test-emulator.js";
import { Windows } from "../support/browser.js";
import { Application } from "./application.js";
import { Form } from "./form.js";
import { type Ends, linkOf, type Query, startEmulator } from "./links.js";

interface Place {
  emulator?: TestEmulator;
  window?: BrowserContextOptions;
}

/** Windows of a browser, the application, and the emulator that shows the form. */
export class Stage implements Ends {
  private constructor(
    private readonly windows: Windows,
    /** Dialogs, script errors and console messages. */
    readonly complaints: string[],
    readonly application: Application,
    readonly emulator: TestEmulator,
  ) {}

  static async start(): Promise<Stage> {
    const complaints: string[] = [];
    const windows = Windows.start((page) => listen(page, complaints));
    const [opened, application, emulator] = await Promise.all([windows, Application.start(), startEmulator()]);
    return new Stage(opened, complaints, application, emulator);
  }

  /** Opens an application's link. */
  visit(link: string, window?: BrowserContextOptions): Promise<Page> {
    return this.windows.open(link, window);
  }

  async open(query: Query, { emulator = this.emulator, window }: Place = {}): Promise<Form> {
    return new Form(await this.visit(linkOf({ application: this.application, emulator }, query), window));
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
    await this.windows.clear();
    expect({ complaints: this.complaints.splice(0), callbacks: this.application.callbacks.splice(0) }).toEqual({
      complaints: [],
      callbacks: [],
    });
  }

  async close(): Promise<void> {
    await this.windows.close();
    await Promise.all([this.application.close(), this.emulator.close()]);
  }
}

function listen(page: Page, complaints: string[]): void {
  page.on("dialog", (dialog) => {
    complaints.push(`a dialog says ${dialog.message()}`);
    dialog.dismiss().catch(() => undefined);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // A refusal is a page with an error status, which the browser logs.
    const expected = message.text().includes("the server responded with a status of 400");
    if (message.type() === "error" && !expected) complaints.push(message.text());
  });
}
