import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { until } from "../../../tools/harness/until.js";

const BEGIN_MS = 30_000;
const INSTALL = join(import.meta.dirname, "install.mjs");
const hasPython = spawnSync("python3", ["-c", "import ensurepip"]).status === 0;

let cache: string;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "cache-"));
});
afterEach(() => rmSync(cache, { recursive: true, maxRetries: 5, retryDelay: 100 }));

/** What the cache holds of mail servers. */
function entries(): string[] {
  const servers = join(cache, "pulumi-nylas-imap", "mail-servers");
  return existsSync(servers) ? readdirSync(servers) : [];
}

/** Installs pymap, and kills it and its children as soon as `hasBegun`. */
async function installUntil(hasBegun: () => boolean): Promise<void> {
  const installation = spawn(process.execPath, [INSTALL, "pymap"], {
    env: { ...process.env, XDG_CACHE_HOME: cache },
    stdio: "ignore",
    detached: true,
  });
  const ended = once(installation, "close");
  await until("the installation has begun", BEGIN_MS, hasBegun);
  process.kill(-(installation.pid ?? Number.NaN), "SIGKILL");
  await ended;
}

it.skipIf(!hasPython)("takes no killed installation for an installed server, and removes what it left", async () => {
  await installUntil(() => entries().length > 0);
  const left = entries();
  expect(left).not.toContain("pymap");

  await installUntil(() => entries().some((entry) => !left.includes(entry)));
  expect(entries()).not.toContain("pymap");
  expect(entries()).not.toEqual(expect.arrayContaining(left));
});
