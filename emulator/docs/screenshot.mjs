#!/usr/bin/env node
// Takes the picture of the emulator's page for the documentation: a window on an emulator with some mailboxes, faults and
// requests. Run npm run setup before.
import { once } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startBrowser } from "../../tools/harness/browser.mjs";
import { EmulatorApi, emulatorCli, watchCli } from "../../tools/harness/emulator.mjs";
import { startProcess } from "../../tools/harness/processes.mjs";

const SEED = "7";
const WIDTH_PIXELS = "1280";
const HEIGHT_PIXELS = "1240";

const { values } = parseArgs({
  options: {
    out: { type: "string", default: join(import.meta.dirname, "emulator-page.png") },
    width: { type: "string", default: WIDTH_PIXELS },
    height: { type: "string", default: HEIGHT_PIXELS },
    dark: { type: "boolean", default: false },
  },
});

const cli = watchCli(startProcess(process.execPath, [emulatorCli, "--mail", "--seed", SEED], {}));
const emulator = await cli.ready();
await seed(new EmulatorApi(emulator));
const browser = await startBrowser();
try {
  const page = await browser.newPage({
    viewport: { width: Number(values.width), height: Number(values.height) },
    colorScheme: values.dark ? "dark" : "light",
  });
  await page.goto(`${emulator.apiUri}/_emulator/#key=${encodeURIComponent(emulator.apiKey)}`);
  await page.getByText("Live").waitFor();
  await page.screenshot({ path: values.out });
  process.stdout.write(`${values.out}: ${Math.ceil(statSync(values.out).size / 1024)} kB\n`);
} finally {
  await browser.close();
  cli.child.kill("SIGTERM");
  await once(cli.child, "exit");
}

/** @param {EmulatorApi} api */
async function seed(api) {
  const { imap, smtp, users } = emulator;
  await api.call("POST", "/v3/connectors", { provider: "imap", name: "Mailboxes of the staging environment" });
  /** @type {import("../../tools/harness/emulator.mjs").WireGrant[]} */
  const grants = [];
  for (const { username, password } of users) {
    const settings = {
      imap_username: username,
      imap_password: password,
      imap_host: imap.host,
      imap_port: imap.port,
      smtp_host: smtp.host,
      smtp_port: smtp.port,
    };
    grants.push(await api.call("POST", "/v3/connect/custom", { provider: "imap", settings }));
  }
  const [ops, billing, support] = grants;
  if (ops === undefined || billing === undefined || support === undefined)
    throw new Error("The emulator has no users.");
  await api.call("POST", `/v3/grants/${ops.id}/messages/send`, {
    to: [{ email: billing.email }],
    subject: "An invoice",
    body: "Please pay.",
  });
  await api.call("GET", `/v3/grants/${billing.id}/messages?limit=1&unread=true`);
  await api.call("PATCH", `/_emulator/grants/${billing.id}`, { grant_status: "invalid" });
  await api.call("PATCH", `/_emulator/grants/${support.id}`, { blocked: true });
  await api.call("PUT", "/_emulator/faults", [
    { method: "GET", path: "/v3/grants", times: 3, retryAfter: 2 },
    { method: "DELETE", path: "/v3/grants/*", status: 503 },
  ]);
  // Refused: by the first fault, because the grant is invalid, and because it is blocked.
  for (const path of [
    "/v3/grants?limit=200",
    `/v3/grants/${billing.id}/messages`,
    `/v3/grants/${support.id}/messages`,
  ]) {
    await api.call("GET", path).catch(() => undefined);
  }
}
