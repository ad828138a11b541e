import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Browser, BrowserContext, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { TestEmulator } from "../support/emulator.js";
import { Application } from "./application.js";
import { describeWithChromium, startBrowser } from "./browser.js";
import { Form } from "./form.js";

type Query = Record<string, string>;

const STATE = `a state with "quotes", <b>&amp; ümläuts`;
const WRONG = "not-the-password-of-anybody";
/** As WCAG asks of text, level AA. */
const MIN_CONTRAST = 4.5;
const NARROW = { width: 320, height: 640 };

let browser: Browser;
let application: Application;
let emulator: TestEmulator;
const contexts: BrowserContext[] = [];
/** Dialogs, errors of scripts, and what the browser complained of. */
const complaints: string[] = [];

describeWithChromium("The hosted form in a browser", () => {
  beforeAll(async () => {
    [browser, application] = await Promise.all([startBrowser(), Application.start()]);
    emulator = await startEmulator();
  });

  afterAll(async () => {
    await browser?.close();
    await Promise.all([application?.close(), emulator?.close()]);
  });

  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    expect(complaints.splice(0)).toEqual([]);
  });

  it("connects a mailbox, whose code is good for one exchange", async () => {
    const form = await open({ state: STATE, options: "smtp_required" });
    await form.fill(emulator, { ...emulator.user(0), smtp: emulator.smtp });
    const { code, ...others } = await submit(form);
    expect(others).toEqual({ state: STATE });
    const token = await exchange({ code, client_secret: emulator.emulator.apiKey });
    const { username } = emulator.user(0);
    const grant = await emulator.grantOf(username);
    expect(token).toMatchObject({ status: 200, body: { grant_id: grant.id, email: username, provider: "imap" } });
    expect(await emulator.call("GET", `/v3/grants/${grant.id}/messages`)).toEqual([]);
    const message = { to: [{ email: username }], subject: "sent through the form's SMTP", body: "" };
    await emulator.call("POST", `/v3/grants/${grant.id}/messages/send`, message);
    const again = await exchange({ code, client_secret: emulator.emulator.apiKey });
    expect(again).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  it("asks for the SMTP server only with options=smtp_required", async () => {
    const usual = await open({});
    expect(await usual.page.getByRole("group", { name: "Sending mail (optional)" }).count()).toBe(1);
    await usual.fill(emulator, emulator.user(1));
    expect(Object.keys(await submit(usual))).toEqual(["code"]);

    const strict = await open({ options: "smtp_required" });
    expect(await strict.page.getByRole("group", { name: "Sending mail", exact: true }).count()).toBe(1);
    await strict.fill(emulator, emulator.user(1));
    await strict.connect.click();
    expect(await is(strict.smtpServer, ":focus:invalid")).toBe(true);
    expect(application.callbacks).toEqual([]);
  });

  it("insists on the SMTP server where the browser does not", async () => {
    const form = await open({ options: "smtp_required" });
    await form.fill(emulator, emulator.user(1));
    await form.page.locator("form").evaluate((form) => Reflect.set(form, "noValidate", true));
    await form.smtpPort.fill("");
    await form.connect.click();
    await form.alert.waitFor();
    expect(await form.alert.innerText()).toBe("The SMTP server and its port are required.");
    expect(await is(form.alert, ":focus")).toBe(true);
    expect(application.callbacks).toEqual([]);
  });

  it("says that a password is wrong, keeps what was typed but for it, and takes the right one", async () => {
    const { username, password } = emulator.user(2);
    const form = await open({});
    await form.fill(emulator, { username, password: WRONG });
    await form.connect.click();
    await form.alert.waitFor();
    expect(await form.alert.innerText()).toBe(
      "The mail server refused the e-mail address or the password. invalid_authentication",
    );
    expect(await form.page.title()).toMatch(/^Error: /);
    expect(await form.page.content()).not.toContain(WRONG);
    expect(await form.address.inputValue()).toBe(username);
    expect(await form.imapPort.inputValue()).toBe(String(emulator.imap.port));
    expect(await is(form.password, ":focus")).toBe(true);
    for (const field of [form.address, form.password]) {
      expect(await field.getAttribute("aria-invalid")).toBe("true");
      const described = await field.getAttribute("aria-describedby");
      expect(await form.page.locator(`#${described}`).getAttribute("role")).toBe("alert");
    }
    expect(application.callbacks).toEqual([]);
    await form.password.fill(password);
    expect(Object.keys(await submit(form))).toEqual(["code"]);
  });

  it("goes back to the application with auth_limit_reached after the third wrong password", async () => {
    const form = await open({ state: "third" });
    for (const attempt of [1, 2, 3]) {
      await form.fill(emulator, { username: emulator.user(0).username, password: `${WRONG} ${attempt}` });
      if (attempt < 3) {
        await Promise.all([form.page.waitForEvent("load"), form.connect.click()]);
        expect(await form.alert.innerText()).toContain("invalid_authentication");
      }
    }
    expect(await submit(form)).toEqual({
      error: "authentication_failed",
      error_type: "auth_limit_reached",
      state: "third",
    });
    // The limit is of wrong ones: the right one still opens.
    const right = await open({});
    await right.fill(emulator, emulator.user(0));
    expect(Object.keys(await submit(right))).toEqual(["code"]);
  });

  it("goes back to the application with provider_not_responding", async () => {
    for (const unreachableHost of ["504", "400"]) {
      const other = await startEmulator({ unreachableHost });
      try {
        const form = await open({ state: "gone" }, {}, other);
        await form.fill(other, { ...other.user(0), imapPort: 9 });
        expect(await submit(form)).toEqual({
          error: "authentication_failed",
          error_type: "provider_not_responding",
          state: "gone",
        });
        expect(await other.grants()).toEqual([]);
      } finally {
        await other.close();
      }
    }
  });

  it("waits with the mail server, and then says how it ended", async () => {
    const held: Socket[] = [];
    const server = createServer((socket) => held.push(socket.on("error", () => undefined)));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    try {
      const form = await open({});
      await form.fill(emulator, { ...emulator.user(0), imapPort: address.port });
      const asked = once(server, "connection");
      await form.connect.click({ noWaitAfter: true });
      await asked;
      expect(new URL(form.page.url()).pathname).toBe("/v3/connect/auth");
      expect(application.callbacks).toEqual([]);
      const back = form.page.waitForURL((url) => url.origin === application.origin);
      server.close();
      for (const socket of held) socket.destroy();
      await back;
      expect(application.callbacks.splice(0)).toMatchObject([{ error_type: "provider_not_responding" }]);
    } finally {
      server.close();
      for (const socket of held) socket.destroy();
    }
  });

  it("re-authenticates a mailbox that has a grant, however often somebody presses the button", async () => {
    const { username } = emulator.user(0);
    const before = await emulator.grantOf(username);
    const form = await open({ login_hint: username });
    expect(await form.address.inputValue()).toBe(username);
    await form.fill(emulator, emulator.user(0));
    const back = form.page.waitForURL((url) => url.origin === application.origin);
    await form.connect.dblclick({ noWaitAfter: true });
    await back;
    const { code } = application.callbacks.splice(0).at(-1) ?? {};
    const token = await exchange({ code, client_secret: emulator.emulator.apiKey });
    expect(token.body).toMatchObject({ grant_id: before.id });
    await form.page.goBack();
    await form.fill(emulator, emulator.user(0));
    await submit(form);
    expect((await emulator.grants()).filter(({ email }) => email === username)).toHaveLength(1);
  });

  it("lets a public client prove itself by PKCE, and nobody else take its code", async () => {
    const verifier = randomBytes(32).toString("base64url");
    const hashed = createHash("sha256").update(verifier).digest("base64url");
    const challenges = [
      { code_challenge: hashed, code_challenge_method: "S256" },
      { code_challenge: verifier, code_challenge_method: "plain" },
      { code_challenge: verifier },
    ];
    for (const challenge of challenges) {
      const outcomes = [];
      for (const proof of [{ code_verifier: verifier }, { code_verifier: "guessed" }, {}]) {
        const form = await open(challenge);
        await form.fill(emulator, emulator.user(1));
        const { code } = await submit(form);
        outcomes.push((await exchange({ code, ...proof })).status);
      }
      expect(outcomes).toEqual([200, 400, 400]);
    }
  });

  it("gives a code to the address alone that asked for it", async () => {
    const form = await open({});
    await form.fill(emulator, emulator.user(1));
    const { code } = await submit(form);
    const elsewhere = { code, client_secret: emulator.emulator.apiKey, redirect_uri: "https://example.test/other" };
    expect(await exchange(elsewhere)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  it("sends nobody anywhere for a link that is wrong", async () => {
    const wrong: Query[] = [
      { client_id: "somebody-else" },
      { redirect_uri: "" },
      { redirect_uri: "javascript:alert(1)" },
      { response_type: "token" },
      { provider: "google" },
      { code_challenge: "x", code_challenge_method: "md5" },
      { state: "s".repeat(257) },
    ];
    for (const query of wrong) {
      const answer = await fetch(link(query), { redirect: "manual" });
      expect({ query, status: answer.status, to: answer.headers.get("location") }).toEqual({
        query,
        status: 400,
        to: null,
      });
      const { error } = (await answer.json()) as { error: { message: string } };
      expect(error.message).not.toBe("");
    }
  });

  it("runs nothing of what a link or a person writes into it", async () => {
    const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>'`;
    const form = await open({ login_hint: evil, state: evil });
    expect(await form.address.inputValue()).toBe(evil);
    await form.fill(emulator, { username: evil, password: evil });
    await form.connect.click();
    await form.alert.waitFor();
    expect(await form.address.inputValue()).toBe(evil);
    expect(await form.page.locator("script, img").count()).toBe(0);
    const own = await open({ state: evil, redirect_uri: `${application.redirectUri}?own=%22%3E` });
    await own.fill(emulator, emulator.user(1));
    expect(await submit(own)).toMatchObject({ own: '">', state: evil });
  });

  it("can be used by the keyboard alone, in the order in which it is read", async () => {
    const form = await open({ options: "smtp_required" });
    for (const control of form.controls) {
      await form.page.keyboard.press("Tab");
      expect(await is(control, ":focus")).toBe(true);
      expect(await form.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
    }
    await form.fill(emulator, { ...emulator.user(1), smtp: emulator.smtp });
    await form.smtpPort.focus();
    const back = form.page.waitForURL((url) => url.origin === application.origin);
    await form.page.keyboard.press("Enter");
    await back;
    expect(application.callbacks.splice(0)).toHaveLength(1);
  });

  it("says what it is, and what each field is for, to those who do not see it", async () => {
    const form = await open({});
    expect(await form.page.title()).toBe("Connect your mailbox");
    expect(await form.page.locator("html").getAttribute("lang")).toBe("en");
    expect(await form.page.getByRole("heading", { level: 1 }).innerText()).toBe("Connect your mailbox");
    expect(await form.page.getByRole("main").count()).toBe(1);
    for (const control of form.controls) expect(await control.count()).toBe(1);
    expect(await form.password.getAttribute("type")).toBe("password");
    expect(await form.password.getAttribute("autocomplete")).toBe("current-password");
    expect(await form.address.getAttribute("autocomplete")).toBe("username");
  });

  it("can be read: contrasts are high, on a narrow screen as well, and nothing is cut off", async () => {
    const form = await open({ options: "smtp_required" }, { viewport: NARROW });
    await form.fill(emulator, { ...emulator.user(2), password: WRONG, smtp: emulator.smtp });
    await form.connect.click();
    await form.alert.waitFor();
    const shown: Shown = await form.page.evaluate(HOW_IT_IS_SHOWN);
    expect(shown.overflow).toBe(0);
    expect(shown.texts.length).toBeGreaterThan(10);
    for (const { what, color, background } of shown.texts) {
      expect({ what, readable: contrast(color, background) >= MIN_CONTRAST }).toEqual({ what, readable: true });
    }
  });

  it("works without scripts", async () => {
    const form = await open({}, { javaScriptEnabled: false });
    await form.fill(emulator, emulator.user(1));
    expect(Object.keys(await submit(form))).toEqual(["code"]);
  });

  it("leaves no password, code or key where somebody may find it", async () => {
    const answer = await fetch(link({}));
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "content-security-policy": expect.stringContaining("frame-ancestors 'none'"),
    });
    const form = await open({});
    await form.fill(emulator, emulator.user(1));
    const { code = "" } = await submit(form);
    expect(code.length).toBeGreaterThan(20);
    expect(application.referrers.every((referrer) => referrer === "")).toBe(true);
    const log = JSON.stringify(await emulator.requests());
    expect(log).toContain("/v3/connect/auth");
    for (const secret of [code, emulator.emulator.apiKey, WRONG, emulator.user(1).password]) {
      expect(log.includes(secret)).toBe(false);
    }
  });
});

/** What a page looks like, in the browser's own words. */
interface Shown {
  /** How many pixels it is wider than the window. */
  overflow: number;
  texts: { what: string; color: string; background: string }[];
}

/** Evaluated in the page, whose types are not those of Node. */
const HOW_IT_IS_SHOWN = `(() => {
  const backgroundOf = (element) => {
    const color = element === null ? "rgb(255, 255, 255)" : getComputedStyle(element).backgroundColor;
    return element !== null && /, 0\\)$/.test(color) ? backgroundOf(element.parentElement) : color;
  };
  const { scrollWidth, clientWidth } = document.documentElement;
  const elements = [...document.querySelectorAll("h1, label, legend, input, button, [role=alert]")];
  const texts = elements.map((element) => ({
    what: element.outerHTML.slice(0, 40),
    color: getComputedStyle(element).color,
    background: backgroundOf(element),
  }));
  return { overflow: scrollWidth - clientWidth, texts };
})()`;

async function startEmulator(behaviour: Query = {}): Promise<TestEmulator> {
  const started = await TestEmulator.start({ behaviour });
  await started.call("POST", "/v3/connectors", { provider: "imap", name: "mail" });
  return started;
}

/** What an application links to. */
function link(query: Query, { emulator: { apiUri, applicationId } } = emulator): string {
  const { redirectUri } = application;
  const usual = { client_id: applicationId, redirect_uri: redirectUri, response_type: "code", provider: "imap" };
  return `${apiUri}/v3/connect/auth?${new URLSearchParams({ ...usual, ...query })}`;
}

async function open(query: Query, options: BrowserContextOptions = {}, at = emulator): Promise<Form> {
  const context = await browser.newContext(options);
  contexts.push(context);
  const page = await context.newPage();
  page.on("dialog", (dialog) => {
    complaints.push(`a dialog says ${dialog.message()}`);
    dialog.dismiss().catch(() => undefined);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // A refusal is a page of its own, with a status that the browser mentions.
    const expected = message.text().includes("the server responded with a status of 400");
    if (message.type() === "error" && !expected) complaints.push(message.text());
  });
  await page.goto(link(query, at));
  return new Form(page);
}

/** Presses the button, and answers what the application is told. */
async function submit({ page, connect }: Form): Promise<Query> {
  const back = page.waitForURL((url) => url.origin === application.origin);
  await connect.click();
  await back;
  const callbacks = application.callbacks.splice(0);
  expect(callbacks).toHaveLength(1);
  return callbacks[0] ?? {};
}

async function is(element: Form["address"], selector: string): Promise<boolean> {
  return (await element.and(element.page().locator(selector)).count()) === 1;
}

async function exchange(fields: Record<string, string | undefined>): Promise<{ status: number; body: unknown }> {
  const { apiUri, applicationId } = emulator.emulator;
  const request = {
    grant_type: "authorization_code",
    client_id: applicationId,
    redirect_uri: application.redirectUri,
    ...fields,
  };
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${apiUri}/v3/connect/token`, { method: "POST", headers, body: JSON.stringify(request) });
  return { status: answer.status, body: await answer.json() };
}

/** The ratio of WCAG 2, from 1 to 21. */
function contrast(first: string, second: string): number {
  const [dark = 0, light = 0] = [luminance(first), luminance(second)].toSorted((left, right) => left - right);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const channels = (color.match(/[\d.]+/g) ?? []).slice(0, 3).map((text) => Number(text) / 255);
  const [red = 0, green = 0, blue = 0] = channels.map((channel) =>
    channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
