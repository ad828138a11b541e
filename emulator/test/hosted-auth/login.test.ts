import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { until } from "../../../tools/harness/until.js";
import { describeWithChromium } from "../support/browser.js";
import { exchange, startEmulator } from "./links.js";
import { Stage } from "./stage.js";
import { StalledServer } from "./stalled-server.js";

/** Longest wait for the callback, in milliseconds. */
const PATIENCE_MS = 30_000;
const STATE = `a state with "quotes", <b>&amp; ümläuts %2B+ 邮箱`;
const WRONG = "not-the-password-of-anybody";

let stage: Stage;

describeWithChromium("A login at the hosted form", () => {
  beforeAll(async () => {
    stage = await Stage.start();
  });

  afterEach(() => stage.clear());

  afterAll(() => stage?.close());

  it("brings the application a code and its state, and the code a grant that reads and sends mail", async () => {
    const { emulator } = stage;
    const form = await stage.open({ state: STATE, options: "smtp_required" });
    await form.fill(emulator, { ...emulator.user(0), smtp: emulator.smtp });
    const { code, ...others } = await stage.submit(form);
    expect(others).toEqual({ state: STATE });
    const token = await exchange(stage, { code, client_secret: emulator.emulator.apiKey });
    const { username } = emulator.user(0);
    const grant = await emulator.grantOf(username);
    expect(token).toMatchObject({ status: 200, body: { grant_id: grant.id, email: username, provider: "imap" } });
    expect(grant.state).toBe(STATE);
    const message = { to: [{ email: username }], subject: "sent through the form's SMTP", body: "" };
    await emulator.call("POST", `/v3/grants/${grant.id}/messages/send`, message);
    const listed = await emulator.call("GET", `/v3/grants/${grant.id}/messages?limit=1`);
    expect(listed).toEqual([expect.objectContaining({ subject: message.subject })]);
  });

  it("asks for the SMTP server only with options=smtp_required or smtp_required=true", async () => {
    const { emulator } = stage;
    const usual = await stage.open({});
    expect(await usual.page.getByRole("group", { name: "Sending mail (optional)" }).count()).toBe(1);
    await usual.fill(emulator, emulator.user(1));
    const { code, ...others } = await stage.submit(usual);
    expect(others).toEqual({});
    const { body } = await exchange(stage, { code, client_secret: emulator.emulator.apiKey });
    const send = emulator.call("POST", `/v3/grants/${body.grant_id}/messages/send`, { to: [{ email: "a@b.test" }] });
    await expect(send).rejects.toThrow("grant is missing imap username or password or smtphost or smtpport");

    for (const demand of [{ options: "smtp_required" }, { smtp_required: "true" }]) {
      const strict = await stage.open(demand);
      expect(await strict.page.getByRole("group", { name: "Sending mail", exact: true }).count()).toBe(1);
      await strict.fill(emulator, emulator.user(1));
      await strict.connect.click();
      expect(await strict.smtpServer.and(strict.page.locator(":focus:invalid")).count()).toBe(1);
      expect(new URL(strict.page.url()).pathname).toBe("/v3/connect/auth");
    }
  });

  it("leaves out the proposed SMTP port where no SMTP server is named", async () => {
    const other = await startEmulator({ settingsEcho: "hosts" });
    try {
      const form = await stage.open({}, { emulator: other });
      expect(await form.smtpPort.inputValue()).toBe("465");
      await form.fill(other, other.user(0));
      await stage.submit(form);
      const grant = await other.grantOf(other.user(0).username);
      expect(grant).toHaveProperty("settings.imap_port");
      expect(grant).not.toHaveProperty("settings.smtp_port");
    } finally {
      await other.close();
    }
  });

  it("is told that its password is wrong, keeps what was typed but for it, and takes the right one", async () => {
    const { emulator } = stage;
    const { username, password } = emulator.user(2);
    const form = await stage.open({});
    await form.fill(emulator, { username, password: WRONG, smtp: emulator.smtp });
    await form.connect.click();
    await form.alert.waitFor();
    expect(await form.alert.innerText()).toBe(
      "The mail server refused the e-mail address or the password. invalid_authentication",
    );
    expect(await form.page.title()).toMatch(/^Error: /);
    expect(await form.page.content()).not.toContain(WRONG);
    expect(await Promise.all(form.fields.map((field) => field.inputValue()))).toEqual([
      username,
      "",
      emulator.imap.host,
      String(emulator.imap.port),
      emulator.smtp.host,
      String(emulator.smtp.port),
    ]);
    for (const field of [form.address, form.password]) expect(await field.getAttribute("aria-invalid")).toBe("true");
    await form.password.and(form.page.locator(":focus")).waitFor();
    await form.password.fill(password);
    expect(Object.keys(await stage.submit(form))).toEqual(["code"]);
  });

  it("makes no second grant when a refused page is loaded again", async () => {
    const other = await startEmulator();
    try {
      const form = await stage.open({}, { emulator: other });
      await form.fill(other, { ...other.user(0), password: WRONG });
      await form.connect.click();
      await form.alert.waitFor();
      await form.page.reload();
      expect(await form.alert.innerText()).toContain("invalid_authentication");
      expect(await other.grants()).toEqual([]);
      await form.fill(other, other.user(0));
      expect(Object.keys(await stage.submit(form))).toEqual(["code"]);
      expect(await other.grants()).toHaveLength(1);
    } finally {
      await other.close();
    }
  });

  it("goes back to the application with auth_limit_reached after the third wrong password", async () => {
    const { emulator } = stage;
    const form = await stage.open({ state: "third" });
    for (const attempt of [1, 2, 3]) {
      await form.fill(emulator, { username: emulator.user(0).username, password: `${WRONG} ${attempt}` });
      if (attempt < 3) {
        await Promise.all([form.page.waitForEvent("load"), form.connect.click()]);
        expect(await form.alert.innerText()).toContain("invalid_authentication");
      }
    }
    expect(await stage.submit(form)).toEqual({
      error: "authentication_failed",
      error_type: "auth_limit_reached",
      error_description: "Too many wrong passwords for this username.",
      state: "third",
    });
    // The limit counts wrong passwords only; the right one still works.
    const right = await stage.open({});
    await right.fill(emulator, emulator.user(0));
    expect(Object.keys(await stage.submit(right))).toEqual(["code"]);
  });

  it("may be wrong as often as it likes where the limit is switched off", async () => {
    const other = await startEmulator({ authLimit: "off" });
    try {
      const form = await stage.open({}, { emulator: other });
      for (const attempt of [1, 2, 3, 4]) {
        await form.fill(other, { username: other.user(0).username, password: `${WRONG} ${attempt}` });
        await Promise.all([form.page.waitForEvent("load"), form.connect.click()]);
        expect(await form.alert.innerText()).toContain("invalid_authentication");
      }
    } finally {
      await other.close();
    }
  });

  it.each(["504", "400"])("goes back to the application with provider_not_responding (%s)", async (unreachableHost) => {
    const other = await startEmulator({ unreachableHost });
    try {
      const form = await stage.open({ state: "gone" }, { emulator: other });
      await form.fill(other, { ...other.user(0), imapPort: 9 });
      expect(await stage.submit(form)).toEqual({
        error: "authentication_failed",
        error_type: "provider_not_responding",
        error_description: "The mail server did not respond, or not over TLS.",
        state: "gone",
      });
      expect(await other.grants()).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it.each([
    ["lets people in at last", { code: expect.stringMatching(/^.{20,}$/) }],
    [
      "hangs up at last",
      {
        error: "authentication_failed",
        error_type: "provider_not_responding",
        error_description: "The mail server did not respond, or not over TLS.",
      },
    ],
  ])("waits with a mail server that takes its time and %s", async (how, told) => {
    const { emulator, application } = stage;
    const server = await StalledServer.start();
    try {
      const form = await stage.open({});
      await form.fill(emulator, { ...emulator.user(1), imapPort: server.port });
      const pages: string[] = [];
      form.page.on("framenavigated", (frame) => pages.push(frame.url()));
      const answer = stage.backFrom(form, async () => {
        await form.connect.click({ noWaitAfter: true });
        await server.connected();
        // Meanwhile the emulator serves other requests, and the browser still shows the form.
        await emulator.call("GET", "/v3/applications");
        expect({ pages, callbacks: application.callbacks }).toEqual({ pages: [], callbacks: [] });
        expect(new URL(form.page.url()).pathname).toBe("/v3/connect/auth");
        if (how.startsWith("lets")) server.forwardTo(emulator.imap);
        else server.close();
      });
      expect(await answer).toEqual(told);
    } finally {
      server.close();
    }
  });

  it("re-authenticates a mailbox that has a grant, however often somebody presses the button", async () => {
    const { emulator, application } = stage;
    const { username } = emulator.user(0);
    const before = await emulator.foreignGrant(0);
    const form = await stage.open({ login_hint: username });
    expect(await form.address.inputValue()).toBe(username);
    await form.fill(emulator, emulator.user(0));
    await form.connect.dblclick({ noWaitAfter: true });
    // The second click aborts the first navigation, which waitForURL would report as a failure.
    const isBack = (): boolean => new URL(form.page.url()).origin === application.origin;
    await until("the browser is back at the application", PATIENCE_MS, isBack);
    await form.page.waitForLoadState();
    const { code } = application.callbacks.splice(0).at(-1) ?? {};
    const token = await exchange(stage, { code, client_secret: emulator.emulator.apiKey });
    expect(token.body).toMatchObject({ grant_id: before.id });
    await form.page.goBack();
    expect(await form.password.inputValue()).toBe("");
    await form.fill(emulator, emulator.user(0));
    await stage.submit(form);
    expect((await emulator.grants()).filter(({ email }) => email === username)).toHaveLength(1);
  });

  it("makes one grant of a mailbox that is connected in two windows at once", async () => {
    const other = await startEmulator();
    const server = await StalledServer.start();
    try {
      const forms = await Promise.all([stage.open({}, { emulator: other }), stage.open({}, { emulator: other })]);
      for (const form of forms) {
        await form.fill(other, { ...other.user(0), imapPort: server.port });
        await form.connect.click({ noWaitAfter: true });
      }
      await server.connected(forms.length);
      const back = forms.map(({ page }) => page.waitForURL((url) => url.origin === stage.application.origin));
      server.forwardTo(other.imap);
      await Promise.all(back);
      const codes = stage.application.callbacks.splice(0).map(({ code }) => code);
      expect(new Set(codes).size).toBe(2);
      const ends = { application: stage.application, emulator: other };
      const client_secret = other.emulator.apiKey;
      const tokens = await Promise.all(codes.map((code) => exchange(ends, { code, client_secret })));
      const grants = await other.grants();
      expect(grants).toHaveLength(1);
      expect(tokens.map(({ body }) => body.grant_id)).toEqual([grants[0]?.id, grants[0]?.id]);
    } finally {
      server.close();
      await other.close();
    }
  });
});
