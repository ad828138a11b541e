import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { startCli, stopCli } from "../../../tools/harness/emulator-process.js";
import { allOr } from "../../../tools/harness/repetitions.js";
import { TestEmulator } from "../../../tools/harness/test-emulator.js";
import { describeWithChromium } from "../support/browser.js";
import type { Form } from "./form.js";
import { connectImap, exchange, linkOf, type Query } from "./links.js";
import { Stage } from "./stage.js";

const WRONG = "not-the-password-of-anybody";
const HEADERS = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
};

const WRONG_LINKS: Query[] = [
  { client_id: "somebody-else" },
  { redirect_uri: "" },
  { redirect_uri: "callback" },
  { redirect_uri: "javascript:alert(1)" },
  { redirect_uri: "data:text/html,<script>alert(1)</script>" },
  { redirect_uri: "http://127.0.0.1/#fragment" },
  { response_type: "token" },
  { response_type: "<script>alert(1)</script>" },
  { provider: "google" },
  { code_challenge: "x", code_challenge_method: "md5" },
  { state: "s".repeat(257) },
];

let stage: Stage;

describeWithChromium("The hosted form keeps people safe", () => {
  beforeAll(async () => {
    stage = await Stage.start();
  });

  afterEach(() => stage.clear());

  afterAll(() => stage?.close());

  it("sends nobody anywhere for a link that is wrong, and says why", async () => {
    const page = await stage.visit(stage.application.origin);
    for (const query of WRONG_LINKS) {
      const link = linkOf(stage, query);
      await page.goto(link);
      expect(new URL(page.url()).href).toBe(new URL(link).href);
      expect(await page.title()).toBe("Error: This link is invalid");
      expect(await page.getByRole("heading", { level: 1 }).innerText()).toBe("This link is invalid");
      expect(await page.getByRole("main").innerText()).toContain("Contact the developer of the application.");
      expect(await page.locator("a, form, input, button, script").count()).toBe(0);

      const program = await fetch(link, { redirect: "manual" });
      expect({ query, status: program.status, to: program.headers.get("location") }).toEqual({
        query,
        status: 400,
        to: null,
      });
      const { error } = (await program.json()) as { error: { type: string; message: string } };
      expect(await page.getByRole("main").innerText()).toContain(`${error.message} ${error.type}`);

      const headers = { accept: "text/html" };
      const sent = await fetch(link, { method: "POST", redirect: "manual", headers, body: new URLSearchParams() });
      expect({ query, status: sent.status, to: sent.headers.get("location") }).toEqual({
        query,
        status: 400,
        to: null,
      });
      expect(Object.fromEntries(sent.headers)).toMatchObject(HEADERS);
    }
  });

  const EVIL = [
    `"><script>alert(1)</script><img src=x onerror=alert(2)>'`,
    `' autofocus onfocus='alert(3)' x='`,
    "</style></title><svg onload=alert(4)>&lt;&#x27;",
    "ümläut \u202e\u2028邮箱 🗝 \\u003cscript>",
  ];

  it.each(allOr(EVIL, [EVIL.join("")]))("runs nothing of what a link or a person writes into it: %s", async (evil) => {
    const { emulator, application } = stage;
    const form = await stage.open({ login_hint: evil, state: evil, scope: evil, options: evil });
    expect(await form.address.inputValue()).toBe(evil);
    await form.fill(emulator, { username: evil, password: evil, smtp: { host: evil, port: 465 } });
    await form.connect.click();
    await form.alert.waitFor();
    expect([await form.address.inputValue(), await form.smtpServer.inputValue()]).toEqual([evil, evil]);
    expect(await form.page.locator("script, img, svg, [onfocus]").count()).toBe(0);
    const own = await stage.open({
      state: evil,
      redirect_uri: `${application.redirectUri}?own=${encodeURIComponent(evil)}`,
    });
    await own.fill(emulator, emulator.user(1));
    expect(await stage.submit(own)).toEqual({ own: evil, state: evil, code: expect.stringMatching(/^.{20,}$/) });
  });

  it("tells browsers to keep nothing, to frame nothing, to run nothing and to pass nothing on", async () => {
    const link = linkOf(stage, {});
    const shown = await fetch(link);
    expect(Object.fromEntries(shown.headers)).toMatchObject(HEADERS);
    const refused = await fetch(link, { method: "POST", body: new URLSearchParams() });
    expect({ status: refused.status, ...Object.fromEntries(refused.headers) }).toMatchObject({
      status: 400,
      ...HEADERS,
    });
    const { username, password } = stage.emulator.user(1);
    const { host, port } = stage.emulator.imap;
    const settings = { imap_username: username, imap_password: password, imap_host: host, imap_port: String(port) };
    const body = new URLSearchParams(settings);
    const accepted = await fetch(link, { method: "POST", redirect: "manual", body });
    expect({ status: accepted.status, ...Object.fromEntries(accepted.headers) }).toMatchObject({
      status: 303,
      ...HEADERS,
    });
  });

  it("is not shown within another page", async () => {
    const { application, emulator } = stage;
    const page = await stage.visit(application.origin);
    const refused = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
    const { hostname, port } = new URL(emulator.emulator.apiUri);
    await page.evaluate(`document.body.innerHTML = '<iframe src="${linkOf(stage, {}).replaceAll("&", "&amp;")}">'`);
    expect((await refused).text()).toContain(`${hostname}:${port}`);
    expect(stage.complaints.splice(0)).toEqual([expect.stringContaining("frame-ancestors")]);
  });

  it("leaves no password, code, verifier or key where somebody may find it", async () => {
    const cli = startCli("--mail");
    try {
      const close = async () => void (await stopCli(cli));
      const emulator = new TestEmulator({ ...(await cli.ready()), pageUri: "", close });
      await connectImap(emulator);
      const { username, password } = emulator.user(0);
      const verifier = randomBytes(32).toString("base64url");
      const smtpLogin = { ...emulator.user(0), smtp: emulator.smtp };

      const form = await stage.open({ code_challenge: verifier, login_hint: username, state: "s" }, { emulator });
      await form.fill(emulator, { ...smtpLogin, password: WRONG });
      await form.connect.click();
      await form.alert.waitFor();
      const pages = [await form.page.content(), form.page.url()];
      await form.fill(emulator, smtpLogin);
      const { code = "", ...told } = await stage.submit(form);
      const ends = { application: stage.application, emulator };
      expect(await exchange(ends, { code, code_verifier: verifier })).toMatchObject({ status: 200 });
      expect(await exchange(ends, { code, code_verifier: verifier })).toMatchObject({ status: 400 });

      const log = JSON.stringify(await emulator.requests());
      expect(log).toContain("/v3/connect/auth");
      expect(log).toContain("/v3/connect/token");
      const history = await historyOf(form);
      expect(history.length).toBeGreaterThan(1);
      const { stdout, stderr } = await stopCli(cli);
      // The first line of each is for whoever has started the emulator. It contains the key, and of one the passwords.
      const printed = [stdout, stderr].map((text) => text.slice(text.indexOf("\n") + 1));
      const places = { pages, told, log, history, printed, referrers: stage.application.referrers };

      expect(code.length).toBeGreaterThan(20);
      const found = Object.entries({ password, WRONG, apiKey: emulator.emulator.apiKey }).flatMap(([name, secret]) =>
        whereIs(name, secret, places),
      );
      expect(found).toEqual([]);
      // Only the browser knows the link and the callback address.
      const others = { told, log, stderr, printed, referrers: stage.application.referrers };
      expect([...whereIs("code", code, others), ...whereIs("verifier", verifier, others)]).toEqual([]);
    } finally {
      await stopCli(cli);
    }
  });
});

function whereIs(name: string, secret: string, places: Record<string, unknown>): string[] {
  return Object.entries(places).flatMap(([place, held]) => {
    return JSON.stringify(held).includes(secret) ? [`${name} in ${place}`] : [];
  });
}

/** The browser's session history. */
async function historyOf({ page }: Form): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { entries } = await session.send("Page.getNavigationHistory");
  return entries.map(({ url }) => url);
}
