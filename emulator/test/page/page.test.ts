import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { ImapFlow } from "imapflow";
import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { allOr } from "../../../tools/harness/repetitions.js";
import { TestEmulator, type WireGrant } from "../../../tools/harness/test-emulator.js";
import { until } from "../../../tools/harness/until.js";
import { Form } from "../hosted-auth/form.js";
import { expectReadable } from "../hosted-auth/look.js";
import { describeWithChromium, Windows } from "../support/browser.js";

/** Longest wait for what the page shows, in milliseconds. */
const PATIENCE_MS = 20_000;
/** Longer than the page waits between two looks at the emulator, in milliseconds. */
const SEVERAL_LOOKS_MS = 2_500;
/** Longer than the page waits between two looks at the emulator, and shorter than it waits for an answer, in milliseconds. */
const SLOW_LOOK_MS = 1_500;
const NARROW = { width: 380, height: 700 };
const WIDE = { width: 1280, height: 800 };

let windows: Windows;
let emulator: TestEmulator;
let grant: WireGrant;
/** Script errors, and what the console says of the content security policy. */
const complaints: string[] = [];

function listen(page: Page): void {
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) complaints.push(message.text());
  });
}

async function openLive(options?: BrowserContextOptions): Promise<Page> {
  const page = await windows.open(emulator.emulator.pageUri, options);
  await page.getByText("Live", { exact: true }).waitFor();
  return page;
}

function row(page: Page, table: string, name: string): Locator {
  return page.getByRole("table", { name: table }).getByRole("row").filter({ hasText: name });
}

/** Presses Tab until the element has the focus, and expects to see that it has. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  const steps = 80;
  for (let step = 0; step < steps; step++) {
    await page.keyboard.press("Tab");
    if ((await target.and(page.locator(":focus")).count()) === 1) {
      expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
      return;
    }
  }
  throw new Error(`after ${steps} tabs there is no focus on ${target}`);
}

async function press(page: Page, name: string): Promise<void> {
  await tabTo(page, page.getByRole("button", { name, exact: true }));
  await page.keyboard.press("Enter");
}

async function type(page: Page, group: string, label: string, text: string): Promise<void> {
  await tabTo(page, page.getByRole("group", { name: group }).getByLabel(label, { exact: true }));
  await page.keyboard.type(text);
}

async function outcome(page: Page, text: string): Promise<void> {
  await page.getByRole("status").filter({ hasText: text }).waitFor();
}

/** The two in the middle have each width and each color scheme once. */
const LOOKS = [
  ["wide, light", WIDE, "light"],
  ["wide, dark", WIDE, "dark"],
  ["narrow, light", NARROW, "light"],
  ["narrow, dark", NARROW, "dark"],
] as const;

describeWithChromium("The emulator's page", () => {
  beforeAll(async () => {
    [windows, emulator] = await Promise.all([Windows.start(listen), TestEmulator.start({ seed: 7 })]);
    await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "mail" });
    grant = await emulator.foreignGrant(0);
  });

  beforeEach(async () => {
    await emulator.call("DELETE", "/_emulator/faults");
    await emulator.setStatus(grant.id, "valid");
    await emulator.setBlocked(grant.id, false);
    await emulator.forgetRequests();
  });

  afterEach(async () => {
    await windows.clear();
    expect(complaints.splice(0)).toEqual([]);
  });

  afterAll(() => Promise.all([windows?.close(), emulator?.close()]));

  it("says what it is, and what each part of it is for, to those who do not see it", async () => {
    await emulator.faults({ method: "GET", path: "/v3/grants", status: 503 });
    await emulator.call("GET", "/v3/grants").catch(() => undefined);
    const page = await openLive();
    expect(await page.title()).toBe("Nylas emulator");
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
    const text = await page.locator("body").ariaSnapshot();
    const varying =
      /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+ ms|\b\d{4,5}\b|127\.0\.0\.1(:|%3A)\d+|\d\d:\d\d:\d\d/g;
    expect(text.replace(varying, "…")).toMatchInlineSnapshot(`
      "- banner:
        - heading "Nylas emulator" [level=1]
        - paragraph:
          - text: It plays Nylas's API for tests.
          - link "Documentation":
            - /url: https://github.com/pulumi-nylas-imap/pulumi-nylas-imap/blob/main/emulator/docs/testing-with-the-emulator.md
        - status: Live
        - button "Pause"
      - main:
        - table "For your client":
          - caption:
            - heading "For your client" [level=2]
          - rowgroup:
            - row "Setting Value Actions":
              - columnheader "Setting"
              - columnheader "Value"
              - columnheader "Actions"
          - rowgroup:
            - 'row "API URI http://… Copy: API URI"':
              - rowheader "API URI"
              - cell "http://…"
              - 'cell "Copy: API URI"':
                - 'button "Copy: API URI"': Copy
            - 'row "API key not shown Copy: API key"':
              - rowheader "API key"
              - cell "not shown"
              - 'cell "Copy: API key"':
                - 'button "Copy: API key"': Copy
            - 'row "Application id … Copy: Application id"':
              - rowheader "Application id"
              - cell "…"
              - 'cell "Copy: Application id"':
                - 'button "Copy: Application id"': Copy
        - table "Connectors":
          - caption:
            - heading "Connectors" [level=2]
          - rowgroup:
            - row "Provider Name":
              - columnheader "Provider"
              - columnheader "Name"
          - rowgroup:
            - row "imap mail":
              - rowheader "imap"
              - cell "mail"
        - table "Grants":
          - caption:
            - heading "Grants" [level=2]
          - rowgroup:
            - row "Mailbox Status Grant id Actions":
              - columnheader "Mailbox"
              - columnheader "Status"
              - columnheader "Grant id"
              - columnheader "Actions"
          - rowgroup:
            - 'row "ops@example.test valid … Copy id: ops@example.test Expire: ops@example.test Block: ops@example.test Delete: ops@example.test"':
              - rowheader "ops@example.test"
              - cell "valid"
              - cell "…"
              - 'cell "Copy id: ops@example.test Expire: ops@example.test Block: ops@example.test Delete: ops@example.test"':
                - 'button "Copy id: ops@example.test"': Copy id
                - 'button "Expire: ops@example.test"': Expire
                - 'button "Block: ops@example.test"': Block
                - 'button "Delete: ops@example.test"': Delete
        - table "Mailboxes":
          - caption:
            - heading "Mailboxes" [level=2]
          - rowgroup:
            - row "Mailbox In INBOX Actions":
              - columnheader "Mailbox"
              - columnheader "In INBOX"
              - columnheader "Actions"
          - rowgroup:
            - 'row "ops@example.test 0 Copy password: ops@example.test"':
              - rowheader "ops@example.test"
              - cell "0"
              - 'cell "Copy password: ops@example.test"':
                - 'button "Copy password: ops@example.test"': Copy password
            - 'row "billing@example.test 0 Copy password: billing@example.test"':
              - rowheader "billing@example.test"
              - cell "0"
              - 'cell "Copy password: billing@example.test"':
                - 'button "Copy password: billing@example.test"': Copy password
            - 'row "support@example.test 0 Copy password: support@example.test"':
              - rowheader "support@example.test"
              - cell "0"
              - 'cell "Copy password: support@example.test"':
                - 'button "Copy password: support@example.test"': Copy password
        - table "For a mail program":
          - caption:
            - heading "For a mail program" [level=2]
          - rowgroup:
            - row "Server Security Host Port":
              - columnheader "Server"
              - columnheader "Security"
              - columnheader "Host"
              - columnheader "Port"
          - rowgroup:
            - row "IMAP SSL/TLS 127.0.0.1 …":
              - rowheader "IMAP"
              - cell "SSL/TLS"
              - cell "127.0.0.1"
              - cell "…"
            - row "IMAP STARTTLS 127.0.0.1 …":
              - rowheader "IMAP"
              - cell "STARTTLS"
              - cell "127.0.0.1"
              - cell "…"
            - row "SMTP SSL/TLS 127.0.0.1 …":
              - rowheader "SMTP"
              - cell "SSL/TLS"
              - cell "127.0.0.1"
              - cell "…"
        - paragraph:
          - text: "The user name is the mailbox's address. The program must trust the authority of the servers' certificate:"
          - link "download it":
            - /url: ca.pem
          - text: . It changes with each start.
        - table "Faults":
          - caption:
            - heading "Faults" [level=2]
          - rowgroup:
            - row "Requests Fault Fired Actions":
              - columnheader "Requests"
              - columnheader "Fault"
              - columnheader "Fired"
              - columnheader "Actions"
          - rowgroup:
            - 'row "GET /v3/grants status 503 1 of 1 Copy: GET /v3/grants Remove: GET /v3/grants"':
              - rowheader "GET /v3/grants"
              - cell "status 503"
              - cell "1 of 1"
              - 'cell "Copy: GET /v3/grants Remove: GET /v3/grants"':
                - 'button "Copy: GET /v3/grants"': Copy
                - 'button "Remove: GET /v3/grants"': Remove
        - table "Last requests":
          - caption:
            - heading "Last requests" [level=2]
          - rowgroup:
            - row "Time Method Path Status Duration":
              - columnheader "Time"
              - columnheader "Method"
              - columnheader "Path"
              - columnheader "Status"
              - columnheader "Duration"
          - rowgroup:
            - row "… GET /v3/grants 503 …":
              - rowheader "…"
              - cell "GET"
              - cell "/v3/grants"
              - cell "503"
              - cell "…"
        - button "Empty the log"
        - group "Make a mailbox":
          - text: Make a mailbox E-mail address
          - textbox "E-mail address"
          - text: Password
          - textbox "Password"
          - button "Make the mailbox"
        - group "Change a mailbox's password":
          - text: Change a mailbox's password Mailbox
          - combobox "Mailbox":
            - option "ops@example.test" [selected]
            - option "billing@example.test"
            - option "support@example.test"
          - text: New password
          - textbox "New password"
          - button "Change the password"
        - group "Follow a hosted log-in":
          - text: Follow a hosted log-in E-mail address (optional)
          - textbox "E-mail address (optional)"
          - text: Redirect URI
          - textbox "Redirect URI": http://…/_emulator/
          - paragraph: As it is, the log-in comes back here, and the page exchanges its code.
          - paragraph:
            - checkbox "Require SMTP settings"
            - text: Require SMTP settings
          - link "Open the log-in form":
            - /url: /v3/connect/auth?client_id=…&response_type=code&provider=imap&login_hint=&redirect_uri=http%3A%2F%2F…%2F_emulator%2F
        - group "Set a fault":
          - text: Set a fault
          - paragraph:
            - text: Only the fields that are filled in count.
            - link "What each one means":
              - /url: https://github.com/pulumi-nylas-imap/pulumi-nylas-imap/blob/main/emulator/docs/testing-with-the-emulator.md#faults
          - group "Which requests":
            - text: Which requests Path
            - textbox "Path": /v3/*
            - paragraph: "* stands for anything."
            - paragraph:
              - text: Method
              - combobox "Method":
                - option "Any" [selected]
                - option "GET"
                - option "POST"
                - option "PUT"
                - option "PATCH"
                - option "DELETE"
            - paragraph:
              - text: From the nth on
              - spinbutton "From the nth on"
            - paragraph:
              - text: Probability
              - spinbutton "Probability"
            - paragraph:
              - text: How often at most
              - spinbutton "How often at most"
          - group "What becomes of them":
            - text: What becomes of them
            - paragraph:
              - text: Connection
              - combobox "Connection":
                - option "Stays open" [selected]
                - option "Reset, no answer"
                - option "Cut off halfway"
                - option "Stalls halfway"
            - paragraph:
              - text: Delay in ms
              - spinbutton "Delay in ms"
            - group:
              - paragraph:
                - text: Status
                - spinbutton "Status": "503"
              - paragraph:
                - text: Retry-After
                - textbox "Retry-After":
                  - /placeholder: seconds or a date
              - paragraph:
                - checkbox "Send another body than Nylas's"
                - text: Send another body than Nylas's
            - paragraph:
              - checkbox "Perform the request first"
              - text: Perform the request first
          - button "Set the fault"
          - paragraph: A change of the faults starts all counts again."
    `);
  });

  it("takes the key from the address, and leaves it in this tab alone", async () => {
    const { apiKey, apiUri } = emulator.emulator;
    const page = await openLive();
    expect(page.url()).toBe(`${apiUri}/_emulator/`);
    const session = await page.context().newCDPSession(page);
    const { entries } = await session.send("Page.getNavigationHistory");
    const places = {
      history: entries.map(({ url }) => url),
      page: await page.content(),
      log: await emulator.requests(),
      storage: await page.evaluate("JSON.stringify(localStorage) + document.cookie"),
    };
    for (const [place, held] of Object.entries(places)) {
      expect([place, JSON.stringify(held).includes(apiKey)]).toEqual([place, false]);
    }
    await page.reload();
    await page.getByText("Live", { exact: true }).waitFor();
    expect(await emulator.requests()).toEqual([]);
  });

  it("asks for the key where it has none, and says that a wrong one is refused", async () => {
    const page = await windows.open(`${emulator.emulator.apiUri}/_emulator`);
    const field = page.getByLabel("API key", { exact: true });
    await field.waitFor();
    expect(await page.getByRole("table").count()).toBe(0);
    for (const [key, text] of [
      ["another", "The emulator refused the API key."],
      [emulator.emulator.apiKey, "Live"],
    ] as const) {
      await tabTo(page, field);
      await page.keyboard.type(key);
      await page.keyboard.press("Enter");
      await outcome(page, text);
    }
    expect(await page.getByRole("table").count()).toBe(7);
  });

  it("follows what happens by itself, but not while it is hidden or paused", async () => {
    const page = await openLive();
    await emulator.call("GET", "/v3/connectors");
    await row(page, "Last requests", "/v3/connectors").waitFor();
    let looks = 0;
    page.on("request", (request) => {
      if (request.url().endsWith("/overview")) looks += 1;
    });
    await until("it looks again", PATIENCE_MS, () => looks >= 2);

    await press(page, "Pause");
    await outcome(page, "Paused");
    looks = 0;
    await page.waitForTimeout(SEVERAL_LOOKS_MS);
    expect(looks).toBe(0);
    await page.keyboard.press("Enter");
    await outcome(page, "Live");

    await hide(page, true);
    looks = 0;
    await page.waitForTimeout(SEVERAL_LOOKS_MS);
    expect(looks).toBe(0);
    await hide(page, false);
    await until("it looks again", PATIENCE_MS, () => looks > 0);
  });

  it("says that the emulator does not answer, and goes on when it does", async () => {
    const page = await openLive();
    await page.route("**/overview", (route) => route.abort());
    await outcome(page, "The emulator does not answer.");
    await page.unroute("**/overview");
    await outcome(page, "Live");
  });

  it("expires a grant, makes it valid, blocks and unblocks it, by the keyboard alone", async () => {
    const page = await openLive();
    const now = async (status: string, blocked: boolean) => {
      await outcome(page, `The grant of ${grant.email} is`);
      await until(`the grant is ${status}, ${blocked}`, PATIENCE_MS, async () => {
        const seen = await emulator.call<Record<string, unknown>>("GET", `/v3/grants/${grant.id}`);
        return seen.grant_status === status && seen.blocked === blocked;
      });
      const shown = blocked ? `${status}, blocked` : status;
      await row(page, "Grants", grant.email).getByRole("cell", { name: shown, exact: true }).waitFor();
    };
    await press(page, `Expire: ${grant.email}`);
    await now("invalid", false);
    // The button keeps the focus, and means the opposite.
    await page
      .getByRole("button", { name: `Make valid: ${grant.email}` })
      .and(page.locator(":focus"))
      .waitFor();
    await page.keyboard.press("Space");
    await now("valid", false);
    await press(page, `Block: ${grant.email}`);
    await now("valid", true);
    await page
      .getByRole("button", { name: `Unblock: ${grant.email}` })
      .and(page.locator(":focus"))
      .waitFor();
    await page.keyboard.press("Enter");
    await now("valid", false);
  });

  it("makes a mailbox and changes its password, by the keyboard alone", async () => {
    const page = await openLive();
    const username = `<b>"o'brien"</b>+new@example.test`;
    await type(page, "Make a mailbox", "E-mail address", username);
    await type(page, "Make a mailbox", "Password", "the first password");
    await press(page, "Make the mailbox");
    await outcome(page, `The mailbox ${username} is made.`);
    await row(page, "Mailboxes", username).waitFor();
    expect(await emulator.call("POST", "/v3/connect/custom", login(username, "the first password"))).toMatchObject({
      email: username,
    });
    await row(page, "Grants", username).waitFor();

    await type(page, "Make a mailbox", "E-mail address", username.toUpperCase());
    await type(page, "Make a mailbox", "Password", "not meant as a change");
    await press(page, "Make the mailbox");
    await outcome(page, `There is a mailbox ${username.toUpperCase()} already.`);

    await type(page, "Change a mailbox's password", "Mailbox", "<");
    await type(page, "Change a mailbox's password", "New password", "the second password");
    await page.keyboard.press("Enter");
    await outcome(page, `The password of ${username} is changed.`);
    const first = emulator.call("POST", "/v3/connect/custom", login(username, "the first password"));
    await expect(first).rejects.toThrow(/: 40[01]/);
    await emulator.call("POST", "/v3/connect/custom", login(username, "the second password"));
    expect(await page.content()).not.toMatch(/the (first|second) password/);
  });

  it("sets a fault and removes it again, by the keyboard alone, and leaves the others", async () => {
    await emulator.faults({ path: "/v3/connectors", retryAfter: 1 });
    const page = await openLive();
    await row(page, "Faults", "/v3/connectors").waitFor();
    await type(page, "Set a fault", "Method", "GET");
    await tabTo(page, page.getByLabel("Status", { exact: true }));
    await page.keyboard.type("502");
    await tabTo(page, page.getByLabel("Path", { exact: true }));
    await page.keyboard.type("/v3/grants");
    await press(page, "Set the fault");
    await outcome(page, "The fault is set.");
    await expect(emulator.call("GET", "/v3/grants")).rejects.toThrow(": 502");
    await expect(emulator.call("GET", "/v3/connectors")).rejects.toThrow(": 429");
    await row(page, "Faults", "GET /v3/grants").getByRole("cell", { name: "1 of 1" }).waitFor();

    await press(page, "Remove: GET /v3/grants");
    await outcome(page, "The fault is removed.");
    await emulator.call("GET", "/v3/grants");
    await expect(emulator.call("GET", "/v3/connectors")).rejects.toThrow(": 429");

    await tabTo(page, page.getByLabel("Path", { exact: true }));
    await page.keyboard.type("/elsewhere");
    await press(page, "Set the fault");
    await outcome(page, "Rule 1: path");
    expect(await emulator.call("GET", "/_emulator/faults")).toHaveLength(1);
  });

  const VALUES: readonly (readonly [button: string, said: string, copied: () => string])[] = [
    ["Copy: API URI", "API URI", () => emulator.emulator.apiUri],
    ["Copy: API key", "API key", () => emulator.emulator.apiKey],
    ["Copy: Application id", "Application id", () => emulator.emulator.applicationId],
    ["Copy id: ops@example.test", "the id of the grant of ops@example.test", () => grant.id],
    ["Copy password: ops@example.test", "the password of ops@example.test", () => emulator.user(0).password],
    ["Copy: GET /v3/grants", "the rule for GET /v3/grants", () => '{"method":"GET","path":"/v3/grants","status":503}'],
  ];

  it.each([
    ["with the browser's clipboard", undefined],
    ["without it, as over HTTP from another machine", "delete Navigator.prototype.clipboard"],
  ])("copies what a client, a mail program and a test need, %s", async (_, before) => {
    await emulator.faults({ method: "GET", path: "/v3/grants", status: 503 });
    const page = await openLive({ permissions: ["clipboard-read", "clipboard-write"] });
    if (before !== undefined) await page.evaluate(before);
    for (const [button, said, copied] of VALUES) {
      await page.getByRole("button", { name: button, exact: true }).press("Enter");
      await outcome(page, `Copied: ${said}.`);
      const target = page.getByLabel("Body", { exact: true });
      await page.getByLabel("Send another body than Nylas's").check();
      await target.fill("");
      await target.press("ControlOrMeta+V");
      expect(await target.inputValue()).toBe(copied());
    }
    await page.getByLabel("Body", { exact: true }).fill("");
    expect(await page.content()).not.toContain(emulator.user(0).password);
  });

  it("has what a mail program needs to read a mailbox", async () => {
    const page = await openLive();
    const servers = await page.getByRole("table", { name: "For a mail program" }).locator("tbody tr").allInnerTexts();
    const [, link] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "download it" }).press("Enter"),
    ]).then(async ([download]) => [download.suggestedFilename(), await download.path()] as const);
    const ca = await readFile(link, "utf8");
    const { username: user, password: pass } = emulator.user(0);
    for (const [text = "", secure] of [
      [servers[0], true],
      [servers[1], false],
    ] as const) {
      const [, , host = "", port = ""] = text.split("\t");
      const client = new ImapFlow({
        ...{ host, port: Number(port), secure, auth: { user, pass }, logger: false },
        tls: { ca, servername: "localhost" },
      });
      await client.connect();
      await client.logout();
    }
    const [, , host = "", port = ""] = servers[2]?.split("\t") ?? [];
    expect({ host, port: Number(port) }).toEqual(emulator.smtp);
  });

  it("asks before it deletes a grant, and deletes nothing when the answer is no", async () => {
    const victim = await emulator.foreignGrant(2);
    const page = await openLive();
    const button = page.getByRole("button", { name: `Delete: ${victim.email}` });
    const dialog = page.getByRole("dialog", { name: `Delete the grant of ${victim.email}?` });
    for (const no of ["Escape", "Enter"]) {
      await tabTo(page, button);
      await page.keyboard.press("Enter");
      // Whoever presses Enter without reading has said no.
      await dialog.getByRole("button", { name: "Cancel" }).and(page.locator(":focus")).waitFor();
      await page.keyboard.press(no);
      await dialog.waitFor({ state: "hidden" });
      await button.and(page.locator(":focus")).waitFor();
    }
    const deletions = async () => (await emulator.requests()).filter(({ method }) => method === "DELETE");
    expect(await deletions()).toEqual([]);
    await page.keyboard.press("Enter");
    await tabTo(page, dialog.getByRole("button", { name: "Delete the grant" }));
    await page.keyboard.press("Enter");
    await outcome(page, `The grant of ${victim.email} is deleted.`);
    expect(await deletions()).toMatchObject([{ path: `/v3/grants/${victim.id}`, status: 200 }]);
    await row(page, "Grants", victim.email).waitFor({ state: "detached" });
  });

  it("takes an answer for the question that is open, however fast one follows the other", async () => {
    const [kept, victim] = [grant, await emulator.foreignGrant(2)];
    const page = await openLive();
    await row(page, "Grants", victim.email).waitFor();
    const presses = [
      `button[aria-label="Delete: ${kept.email}"]`,
      "dialog button:not(.danger)",
      `button[aria-label="Delete: ${victim.email}"]`,
    ];
    await page.evaluate(`for (const one of ${JSON.stringify(presses)}) document.querySelector(one).click()`);
    const dialog = page.getByRole("dialog", { name: `Delete the grant of ${victim.email}?` });
    // The browser has reported the end of the first question by now.
    await page.evaluate("new Promise((resolve) => setTimeout(resolve))");
    await dialog.getByRole("button", { name: "Delete the grant" }).click();
    await outcome(page, `The grant of ${victim.email} is deleted.`);
    const deletions = (await emulator.requests()).filter(({ method }) => method === "DELETE");
    expect(deletions.map(({ path }) => path)).toEqual([`/v3/grants/${victim.id}`]);
  });

  it("removes the fault of the row, however fast a button is pressed, and no fault that came meanwhile", async () => {
    const storm = { path: "/v3/*", status: 503 };
    await emulator.faults(storm, storm, { path: "/v3/grants", status: 502 });
    const page = await openLive();
    await row(page, "Faults", "/v3/grants").waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    const now = { path: "/v3/applications", status: 500 };
    await emulator.faults(storm, now, { path: "/v3/grants", status: 502 });
    const button = JSON.stringify('button[aria-label="Remove: Any /v3/*"]');
    await page.evaluate(`for (const _ of [1, 2]) document.querySelector(${button}).click()`);
    await outcome(page, "The fault is removed.");
    await row(page, "Faults", "/v3/applications").waitFor();
    expect(await emulator.call("GET", "/_emulator/faults")).toMatchObject([now, { path: "/v3/grants" }]);
  });

  it("makes no mailbox over one that came after the last look", async () => {
    const page = await openLive();
    await page.getByRole("button", { name: "Pause" }).click();
    const username = "meanwhile@example.test";
    await emulator.setPassword(username, "of somebody else");
    await type(page, "Make a mailbox", "E-mail address", username);
    await type(page, "Make a mailbox", "Password", "not meant as a change");
    await press(page, "Make the mailbox");
    await outcome(page, `There is a mailbox ${username} already.`);
    await emulator.call("POST", "/v3/connect/custom", login(username, "of somebody else"));
  });

  it("goes on showing what happens where each answer takes longer than the time between two looks", async () => {
    const page = await openLive();
    await page.route("**/_emulator/overview", async (route) => {
      await setTimeout(SLOW_LOOK_MS);
      await route.continue();
    });
    await emulator.setStatus(grant.id, "invalid");
    await row(page, "Grants", grant.email).filter({ hasText: "invalid" }).waitFor();
    // A request that the page has given up may still wait in the route.
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.route("**/_emulator/overview", () => undefined);
    await page.getByText("The emulator does not answer.", { exact: true }).waitFor();
  });

  const DEFAULTS = { path: "/v3/*", status: 503 };

  it.each<[string, Record<string, string | true>, Record<string, unknown>]>([
    ["a status", { Status: "502" }, { path: "/v3/*", status: 502 }],
    ["Retry-After in seconds", { "Retry-After": "2" }, { ...DEFAULTS, retryAfter: 2 }],
    [
      "Retry-After as a date",
      { "Retry-After": "Sun, 29 Nov 2026 12:00:00 GMT" },
      { ...DEFAULTS, retryAfter: "Sun, 29 Nov 2026 12:00:00 GMT" },
    ],
    ["a delay alone", { Status: "", "Delay in ms": "40" }, { path: "/v3/*", delayMs: 40 }],
    ["a reset", { Connection: "Reset, no answer" }, { path: "/v3/*", reset: true }],
    ["half an answer", { Status: "", Connection: "Cut off halfway" }, { path: "/v3/*", truncate: true }],
    ["half an answer and no end", { Connection: "Stalls halfway" }, { ...DEFAULTS, stall: true }],
    [
      "after the effect",
      { Connection: "Reset, no answer", "Perform the request first": true },
      { path: "/v3/*", reset: true, afterEffect: true },
    ],
    [
      "another body",
      { "Send another body than Nylas's": true, Body: "<p>", "Content type": "text/plain" },
      { ...DEFAULTS, body: "<p>", contentType: "text/plain" },
    ],
    ["an empty body", { "Send another body than Nylas's": true }, { ...DEFAULTS, body: "" }],
    [
      "the nth request, so often",
      { "From the nth on": "2", "How often at most": "3" },
      { ...DEFAULTS, nth: 2, times: 3 },
    ],
    ["a probability", { Probability: "0.25" }, { ...DEFAULTS, probability: 0.25 }],
    ["every path", { Path: "" }, { status: 503 }],
  ])("sets a fault of each kind: %s", async (_, fields, rule) => {
    const page = await openLive();
    for (const [label, value] of Object.entries(fields)) {
      const field = page.getByRole("group", { name: "Set a fault" }).getByLabel(label, { exact: true });
      if (value === true) await field.check();
      else if (label === "Connection") await field.selectOption(value);
      else await field.fill(value);
    }
    await page.getByRole("button", { name: "Set the fault" }).press("Enter");
    await outcome(page, "The fault is set.");
    expect(await emulator.call("GET", "/_emulator/faults")).toEqual([{ ...rule, matched: 0, fired: 0 }]);
    // The form is as before, for the next one.
    const status = page.getByLabel("Status", { exact: true });
    await until("the form is empty", PATIENCE_MS, async () => {
      return (await status.inputValue()) === "503" && (await status.isEnabled());
    });
  });

  it("leads to pages and headings that the documentation has", async () => {
    const page = await openLive();
    const links = await page.locator('a[target="_blank"]').evaluateAll((all) => all.map((link) => String(link)));
    expect(links.length).toBeGreaterThanOrEqual(2);
    for (const link of links) {
      const { pathname, hash } = new URL(link);
      const file = pathname.replace("/pulumi-nylas-imap/pulumi-nylas-imap/blob/main/", "");
      const text = await readFile(join(import.meta.dirname, "../../..", file), "utf8");
      if (hash !== "") expect(text).toMatch(new RegExp(`^## ${hash.slice(1)}$`, "im"));
    }
  });

  it("follows a hosted log-in to its end, by the keyboard alone", async () => {
    const page = await openLive();
    const { username, password } = emulator.user(1);
    await type(page, "Follow a hosted log-in", "E-mail address (optional)", username);
    await tabTo(page, page.getByRole("link", { name: "Open the log-in form" }));
    await page.keyboard.press("Enter");
    const form = new Form(page);
    await form.connect.waitFor();
    expect(await form.address.inputValue()).toBe(username);
    await form.fill(emulator, { username, password });
    await form.connect.press("Enter");
    await outcome(page, `The log-in succeeded: ${username} has the grant`);
    await outcome(page, `The log-in succeeded: ${username} has the grant ${(await emulator.grantOf(username)).id}.`);
    expect(page.url()).toBe(`${emulator.emulator.apiUri}/_emulator/`);
    await row(page, "Grants", username).waitFor();

    // A used code is refused, and says so.
    await page.goto(`${emulator.emulator.apiUri}/_emulator/?code=used`);
    await outcome(page, "The code is unknown, used");
    await page.goto(`${emulator.emulator.apiUri}/_emulator/?error=x&error_type=<b>auth_limit_reached`);
    await outcome(page, "The log-in failed: <b>auth_limit_reached.");
  });

  it("makes the connector without which nothing can be connected, and needs no mail servers", async () => {
    const empty = await TestEmulator.start({ mail: false });
    try {
      const page = await windows.open(empty.emulator.pageUri);
      await page.getByText("Live", { exact: true }).waitFor();
      await press(page, "Make the IMAP connector");
      await outcome(page, "The IMAP connector is made.");
      await row(page, "Connectors", "imap").waitFor();
      expect(await page.getByRole("button", { name: "Make the IMAP connector" }).count()).toBe(0);
      expect(await page.getByRole("group", { name: "Make a mailbox" }).count()).toBe(0);
      await row(page, "Last requests", "/v3/connectors").waitFor();
      expect(await page.getByRole("table", { name: "For a mail program" }).count()).toBe(0);
      await press(page, "Empty the log");
      await page.getByRole("dialog", { name: "Empty the log?" }).waitFor();
      await press(page, "Empty the log");
      await outcome(page, "The log is empty.");
      await row(page, "Last requests", "No requests yet.").waitFor();
    } finally {
      await empty.close();
    }
  });

  it.each(allOr(LOOKS, LOOKS.slice(1, 3)))(
    "can be read %s: contrasts are high, and nothing is cut off",
    async (_, viewport, colorScheme) => {
      await emulator.setStatus(grant.id, "invalid");
      await emulator.setBlocked(grant.id, true);
      await emulator.faults({ path: `/v3/${"long".repeat(50)}`, status: 503 });
      await emulator.call("GET", `/v3/grants?email=${"long".repeat(50)}`);
      const page = await openLive({ viewport, colorScheme });
      await expectReadable(page, { texts: 20 });
    },
  );

  it("is out of reach for another site: it cannot read it, drive it, frame it or lead people to it", async () => {
    const { apiUri, apiKey } = emulator.emulator;
    const site = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end("<!doctype html><link rel=icon href=data:,><title>Another site</title>");
    });
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
    try {
      // It listens at a TCP port, which has no other kind of address. By this name it is another site.
      const page = await windows.open(`http://localhost:${(site.address() as AddressInfo).port}/`);
      const attempt = (method: string, path: string) =>
        page.evaluate(`fetch("${apiUri}${path}", {
          method: "${method}", headers: { authorization: "Bearer ${apiKey}" },
        }).then(({ status }) => status, () => "refused")`);
      // Even with the key, which it would have to guess.
      for (const [method, path] of [
        ["GET", "/_emulator/overview"],
        ["DELETE", "/_emulator/faults"],
        ["PATCH", `/_emulator/grants/${grant.id}`],
      ] as const) {
        expect(await attempt(method, path)).toBe("refused");
      }
      const refused = page.waitForResponse((answer) => answer.url() === `${apiUri}/_emulator/`);
      await page.evaluate(
        `document.body.append(Object.assign(document.createElement("iframe"), { src: "${apiUri}/_emulator/" }))`,
      );
      expect((await refused).status()).toBe(403);
      const led = page.waitForResponse((answer) => answer.url() === `${apiUri}/_emulator/?code=x`);
      await page.evaluate(`location.assign("${apiUri}/_emulator/?code=x")`);
      expect((await led).status()).toBe(403);
    } finally {
      site.closeAllConnections();
      site.close();
      complaints.splice(0);
    }
  });
});

function login(username: string, password: string) {
  const settings = {
    imap_username: username,
    imap_password: password,
    imap_host: emulator.imap.host,
    imap_port: emulator.imap.port,
  };
  return { provider: "imap", settings };
}

/** As when the tab is in the background, which a browser without a screen does not know. */
async function hide(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(`
    Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  `);
}
