import type { Locator } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { describeWithChromium } from "../support/browser.js";
import { type Form, is } from "./form.js";
import { linkOf } from "./links.js";
import { expectReadable } from "./look.js";
import { Stage } from "./stage.js";

const WRONG = "not-the-password-of-anybody";
const NARROW = { width: 320, height: 640 };
const WIDE = { width: 1280, height: 800 };

let stage: Stage;

describeWithChromium("The page of the hosted form", () => {
  beforeAll(async () => {
    stage = await Stage.start();
  });

  afterEach(() => stage.clear());

  afterAll(() => stage?.close());

  it("says what it is, and what each field is for, to those who do not see it", async () => {
    const { page, ...form } = await stage.open({ login_hint: "ops@example.test" });
    expect(await page.title()).toBe("Connect your mailbox");
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
    const shown = await page.locator("body").ariaSnapshot();
    expect(shown.replace(stage.emulator.emulator.applicationId, "ITS ID")).toMatchInlineSnapshot(`
      "- main:
        - heading "Connect your mailbox" [level=1]
        - paragraph:
          - text: The application
          - code: ITS ID
          - text: asks for it. This page is of an emulator of Nylas, for tests.
        - text: E-mail address
        - textbox "E-mail address": ops@example.test
        - text: Password
        - textbox "Password"
        - text: IMAP server
        - textbox "IMAP server"
        - text: IMAP port
        - spinbutton "IMAP port": "993"
        - group "Sending mail (optional)":
          - text: Sending mail (optional) SMTP server
          - textbox "SMTP server"
          - text: SMTP port
          - spinbutton "SMTP port": "465"
        - button "Connect""
    `);
    const kinds = [];
    for (const field of [form.address, form.password, form.imapServer, form.imapPort]) {
      const [type, autocomplete, inputmode] = await Promise.all(
        ["type", "autocomplete", "inputmode"].map((name) => field.getAttribute(name)),
      );
      kinds.push({ type, autocomplete, inputmode });
    }
    expect(kinds).toEqual([
      { type: "text", autocomplete: "username", inputmode: "email" },
      { type: "password", autocomplete: "current-password", inputmode: null },
      { type: "text", autocomplete: "off", inputmode: "url" },
      { type: "number", autocomplete: "off", inputmode: "numeric" },
    ]);
  });

  it("shows a label above each field, which is the field's name", async () => {
    const form = await stage.open({ options: "smtp_required" });
    for (const field of form.fields) {
      const label = form.page.locator(`label[for="${await field.getAttribute("id")}"]`);
      expect(await label.isVisible()).toBe(true);
      expect(await field.and(form.page.getByLabel(await label.innerText(), { exact: true })).count()).toBe(1);
      // A click on a label focuses its field.
      await label.click();
      expect(await is(field, ":focus")).toBe(true);
    }
  });

  it("can be used by the keyboard alone, in the order in which it is read", async () => {
    const { username, password } = stage.emulator.user(1);
    const { imap, smtp } = stage.emulator;
    const form = await stage.open({ options: "smtp_required" });
    const { keyboard } = form.page;
    const typed = [username, password, imap.host, String(imap.port), smtp.host, String(smtp.port)];
    for (const [index, field] of form.fields.entries()) {
      await keyboard.press("Tab");
      expect(await is(field, ":focus")).toBe(true);
      expect(await form.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
      await keyboard.type(typed[index] ?? "");
    }
    await keyboard.press("Tab");
    expect(await is(form.connect, ":focus")).toBe(true);
    expect(Object.keys(await stage.backFrom(form, () => keyboard.press("Enter")))).toEqual(["code"]);
    await form.page.goBack();
    await form.fill(stage.emulator, { username, password, smtp });
    // Enter in a field submits the form.
    await form.password.focus();
    expect(Object.keys(await stage.backFrom(form, () => keyboard.press("Enter")))).toEqual(["code"]);
  });

  it("names the fields that are empty or no ports, where the browser does not", async () => {
    const form = await stage.open({ options: "smtp_required" });
    await form.fill(stage.emulator, { ...stage.emulator.user(1), smtp: stage.emulator.smtp });
    await form.imapServer.fill("");
    await form.smtpPort.fill("");
    await sendUnchecked(form);
    expect(await form.alert.innerText()).toBe("Please fill in: IMAP server, SMTP port.");
    expect(await markedOf(form)).toEqual(["imap_host", "smtp_port"]);
    await focusOn(form, form.imapServer);
    expect(await form.page.title()).toBe("Error: Connect your mailbox");

    await form.fill(stage.emulator, { ...stage.emulator.user(1), imapPort: 65_536, smtp: stage.emulator.smtp });
    await sendUnchecked(form);
    expect(await form.alert.innerText()).toBe("Please give a number from 1 to 65535: IMAP port.");
    expect(await markedOf(form)).toEqual(["imap_port"]);
    await focusOn(form, form.imapPort);
    expect(await form.imapPort.inputValue()).toBe("65536");
  });

  it("takes the focus to the error where it is of no field", async () => {
    const form = await stage.open({});
    await form.fill(stage.emulator, { ...stage.emulator.user(1), username: "u".repeat(1025) });
    await form.connect.click();
    await form.alert.waitFor();
    await focusOn(form, form.alert);
    expect(await markedOf(form)).toEqual([]);
  });

  it.each([
    ["wide", WIDE],
    ["narrow", NARROW],
  ])("can be read on a %s screen: contrasts are high, and nothing is cut off", async (_, viewport) => {
    const form = await stage.open({ options: "smtp_required" }, { window: { viewport } });
    await expectReadable(form.page, { texts: 3 });
    await form.fill(stage.emulator, { ...stage.emulator.user(2), password: WRONG, smtp: stage.emulator.smtp });
    await form.address.fill(`${"long".repeat(30)}@example.test`);
    await form.connect.click();
    await form.alert.waitFor();
    await expectReadable(form.page, { texts: 3 });
    const lost = await stage.visit(linkOf(stage, { client_id: "somebody-else" }), { viewport });
    await expectReadable(lost, { texts: 3 });
  });

  it("works without scripts, a refusal included", async () => {
    const form = await stage.open({}, { window: { javaScriptEnabled: false } });
    await form.fill(stage.emulator, { ...stage.emulator.user(1), password: WRONG });
    await form.connect.click();
    await form.alert.waitFor();
    await focusOn(form, form.password);
    await form.password.fill(stage.emulator.user(1).password);
    expect(Object.keys(await stage.submit(form))).toEqual(["code"]);
  });
});

/** Waits for the focus that the page gives: browsers do that after they have shown the page. */
async function focusOn(form: Form, element: Locator): Promise<void> {
  await element.and(form.page.locator(":focus")).waitFor();
}

/** Submits the form without the browser's own validation. */
async function sendUnchecked(form: Form): Promise<void> {
  await form.page.locator("form").evaluate((element) => Reflect.set(element, "noValidate", true));
  await Promise.all([form.page.waitForEvent("load"), form.connect.click()]);
  await form.alert.waitFor();
}

/** The fields marked as invalid, each with its message. */
async function markedOf(form: Form): Promise<(string | null)[]> {
  const marked = [];
  for (const field of form.fields) {
    if ((await field.getAttribute("aria-invalid")) !== "true") continue;
    const described = await field.getAttribute("aria-describedby");
    expect(await is(form.alert, `#${described}`)).toBe(true);
    marked.push(await field.getAttribute("name"));
  }
  return marked;
}
