import type { Locator, Page } from "playwright-core";
import type { TestEmulator } from "../../../tools/harness/test-emulator.js";

/** The values of the form's fields. */
export interface Login {
  username: string;
  password: string;
  imapPort?: number;
  smtp?: { host: string; port: number };
}

/** Finds the form's elements by label and role, as people and screen readers do. */
export class Form {
  readonly address: Locator;
  readonly password: Locator;
  readonly imapServer: Locator;
  readonly imapPort: Locator;
  readonly smtpServer: Locator;
  readonly smtpPort: Locator;
  readonly connect: Locator;
  readonly alert: Locator;

  constructor(readonly page: Page) {
    const named = (name: string) => page.getByLabel(name, { exact: true });
    this.address = named("E-mail address");
    this.password = named("Password");
    this.imapServer = named("IMAP server");
    this.imapPort = named("IMAP port");
    this.smtpServer = named("SMTP server");
    this.smtpPort = named("SMTP port");
    this.connect = page.getByRole("button", { name: "Connect" });
    this.alert = page.getByRole("alert");
  }

  /** In reading order. */
  get fields(): Locator[] {
    return [this.address, this.password, this.imapServer, this.imapPort, this.smtpServer, this.smtpPort];
  }

  async fill({ imap }: Pick<TestEmulator, "imap">, { username, password, imapPort, smtp }: Login): Promise<void> {
    await this.address.fill(username);
    await this.password.fill(password);
    await this.imapServer.fill(imap.host);
    await this.imapPort.fill(String(imapPort ?? imap.port));
    if (smtp !== undefined) {
      await this.smtpServer.fill(smtp.host);
      await this.smtpPort.fill(String(smtp.port));
    }
  }
}

export async function is(element: Locator, selector: string): Promise<boolean> {
  return (await element.and(element.page().locator(selector)).count()) === 1;
}
