#!/usr/bin/env node
/**
 * Keeps the emulator under load: people who connect, read, re-authenticate and delete mailboxes, each in a loop of its own. Fails if an
 * answer is wrong, if a grant is lost or left over, or if the emulator's memory or open files grow.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startEmulatorCli } from "../tools/harness/emulator.mjs";
import { messageOf } from "../tools/harness/errors.mjs";
import { listenForInterruption, onInterruption } from "../tools/harness/interruption.mjs";
import { stopAll } from "../tools/harness/processes.mjs";

const PEOPLE = 8;
const MAILBOXES_EACH = 25;
/** Rounds after which a person deletes one of the grants. */
const DELETE_EVERY = 10;
/** Between two readings of memory and files, in milliseconds. */
const SAMPLE_MS = 5_000;
/** Share of the time at the beginning whose readings do not count: caches fill. */
const WARM_UP = 0.25;
/** How much larger the median of the last third may be than that of the first, after the warm-up. */
const MEMORY_GROWTH = 0.15;
const FILES_GROWTH = 10;
const MEBIBYTE = 1024 * 1024;

const { values } = parseArgs({ options: { minutes: { type: "string", default: "60" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  process.stderr.write(`load: --minutes ${values.minutes} is not a number above 0.\n`);
  process.exit(2);
}

listenForInterruption();
onInterruption(stopAll);
const directory = mkdtempSync(join(tmpdir(), "nylas-load-"));
try {
  await load();
} catch (error) {
  process.stderr.write(`load: ${messageOf(error)}\n`);
  process.exitCode = 1;
} finally {
  await stopAll();
  rmSync(directory, { recursive: true, force: true });
}

async function load() {
  const users = Array.from({ length: PEOPLE * MAILBOXES_EACH }, (_, index) => ({
    username: `mailbox-${index}@example.test`,
    password: `password ${index}`,
  }));
  const file = join(directory, "users.json");
  writeFileSync(file, JSON.stringify(users));
  const emulator = await startEmulatorCli(["--mail", "--users", file], { env: process.env });
  const { api, child, imap, smtp } = emulator;
  const pid = String(child.pid);
  await api.call("POST", "/v3/connectors", { provider: "imap" });

  const endsAt = Date.now() + minutes * 60_000;
  let requests = 0;
  /** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
  const call = (method, path, body) => {
    requests += 1;
    return api.call(method, path, body);
  };
  /** @type {Map<string, string>} ids by address */
  const expected = new Map();

  /** @param {typeof users} own */
  const person = async (own) => {
    for (let round = 0; Date.now() < endsAt; round += 1) {
      const { username, password } = own[round % own.length] ?? { username: "", password: "" };
      const settings = {
        ...{ imap_username: username, imap_password: password, imap_host: imap.host, imap_port: imap.port },
        ...{ smtp_host: smtp.host, smtp_port: smtp.port },
      };
      const { id } = await call("POST", "/v3/connect/custom", { provider: "imap", settings, state: "load" });
      const known = expected.get(username);
      if (known !== undefined && known !== id) throw new Error(`${username} got another grant: ${known}, then ${id}`);
      expected.set(username, id);
      const grant = await call("GET", `/v3/grants/${id}`);
      if (grant.email !== username) throw new Error(`grant ${id} is of ${grant.email}, not of ${username}`);
      await call("GET", `/v3/grants/${id}/messages?limit=1`);
      await call("GET", `/v3/grants?limit=200&email=${encodeURIComponent(username)}`);
      if (round % DELETE_EVERY !== 0) continue;
      await call("DELETE", `/v3/grants/${id}`);
      expected.delete(username);
    }
  };
  const people = Promise.all(
    Array.from({ length: PEOPLE }, (_, index) =>
      person(users.slice(index * MAILBOXES_EACH, (index + 1) * MAILBOXES_EACH)),
    ),
  );

  /** @type {{ memory: number, files: number }[]} */
  const samples = [];
  let isOver = false;
  const over = people.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    samples.push(measure(pid));
    await Promise.race([over, pause(SAMPLE_MS)]);
  }
  await over;

  const grants = new Map((await api.allGrants()).map(({ email, id }) => [email, id]));
  const lost = [...expected].filter(([email, id]) => grants.get(email) !== id);
  const left = [...grants].filter(([email, id]) => expected.get(email) !== id);
  if (lost.length + left.length > 0) throw new Error(`${lost.length} grants are lost, ${left.length} are left over`);

  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const third = Math.floor(warm.length / 3);
  const [first, last] = [warm.slice(0, third), warm.slice(-third)];
  const [memory, files] = /** @type {const} */ (["memory", "files"]).map((name) => ({
    first: median(first.map((sample) => sample[name])),
    last: median(last.map((sample) => sample[name])),
  }));
  process.stdout.write(
    `load: ${minutes} minutes, ${requests} requests, ${grants.size} grants at the end, none lost and none left over\n` +
      `load: memory ${inMebibytes(memory?.first)} → ${inMebibytes(memory?.last)}, open files ${files?.first} → ${files?.last}\n`,
  );
  if (memory === undefined || files === undefined || third === 0) throw new Error("the run was too short to compare");
  if (memory.last > memory.first * (1 + MEMORY_GROWTH)) throw new Error("the memory grows");
  if (files.last > files.first + FILES_GROWTH) throw new Error("the open files grow");
}

/** @param {string} pid @returns {{ memory: number, files: number }} resident memory in bytes, and the number of open files */
function measure(pid) {
  const [, kibibytes = "0"] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return { memory: Number(kibibytes) * 1024, files: readdirSync(`/proc/${pid}/fd`).length };
}

/** @param {number[]} numbers */
function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

/** @param {number | undefined} bytes */
function inMebibytes(bytes = Number.NaN) {
  return `${Math.round(bytes / MEBIBYTE)} MiB`;
}
