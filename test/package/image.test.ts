import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { codeBlocks } from "../../tools/harness/code-blocks.js";
import { emulatorCli, startEmulatorCli } from "../../tools/harness/emulator.mjs";
import { runIn, userEnvironment } from "../support/npm.js";

/** Time for an installation from the registry without a cache, on a busy machine. */
const INSTALL_TIMEOUT_MS = 600_000;
const root = join(import.meta.dirname, "../..");
const running = readFileSync(join(root, "emulator/docs/running.md"), "utf8");
const execute = promisify(execFile);

/** The arguments of each instruction of the Dockerfile, by its name. */
const instructions = new Map(
  readFileSync(join(root, "emulator/Dockerfile"), "utf8")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => {
      const [name = "", ...rest] = line.split(" ");
      return [name, rest.join(" ").trim()];
    }),
);

function argument(name: string): string {
  const found = instructions.get(name);
  if (found === undefined) throw new Error(`the Dockerfile has no ${name}`);
  return found;
}

function words(text: string): string[] {
  return JSON.parse(text.slice(text.indexOf("[")));
}

/** The container's `/emulator`. */
let directory: string;
let data: string;

beforeAll(async () => {
  // Outside the repository, whose packages npm would otherwise change.
  directory = realpathSync(mkdtempSync(join(tmpdir(), "nylas-image-")));
  data = join(directory, "data");
  await runIn(join(root, "emulator"), "npm", "pack", "--pack-destination", directory);
  const [pattern = "", target = ""] = argument("COPY").split(" ");
  await runIn(directory, "sh", "-c", `mv ${pattern} ${target}`);
  const script = argument("RUN").replaceAll("/data", data).replace("node:node", "$(id -u):$(id -g)");
  await execute("sh", ["-ec", script], {
    cwd: directory,
    // The image empties npm's cache: not that of whoever runs the tests.
    env: { ...userEnvironment(), npm_config_cache: join(directory, "cache") },
  });
}, INSTALL_TIMEOUT_MS);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("the image, without a container", () => {
  it("starts, becomes healthy, keeps its data, and ends when it is told to", async () => {
    const ports = await Promise.all([freePort(), freePort(), freePort()]);
    const exposed = argument("EXPOSE").split(" ");
    const inPlace = (word: string): string => {
      const moved = exposed.reduce((text, port, index) => text.replaceAll(port, String(ports[index])), word);
      return moved.replace("/data", data);
    };
    const [health = "", ...healthArguments] = words(argument("HEALTHCHECK")).map(inPlace);
    const isHealthy = () =>
      execute(health, healthArguments).then(
        () => true,
        () => false,
      );
    const [command = "", ...args] = [...words(argument("ENTRYPOINT")), ...words(argument("CMD"))].map(inPlace);
    const options = { env: userEnvironment(), cwd: directory, command: [join(directory, command)] as [string] };

    expect(await isHealthy()).toBe(false);
    const ids: string[] = [];
    for (const _ of ["the first start", "after a restart"]) {
      const { apiUri, applicationId, imap, smtp, child, ended } = await startEmulatorCli(args, options);
      expect([new URL(apiUri).port, imap.port, smtp.port].map(Number)).toEqual(ports);
      expect(await isHealthy()).toBe(true);
      ids.push(applicationId);
      child.kill("SIGTERM");
      expect(await ended).toMatchObject({ code: 0 });
      expect(await isHealthy()).toBe(false);
    }
    expect(ids[0]).toBe(ids[1]);
  });

  it("does not run as root, and takes nothing of the folder but the package", () => {
    expect(Number(argument("USER"))).toBeGreaterThan(0);
    const ignored = readFileSync(join(root, "emulator/.dockerignore"), "utf8").trim().split("\n");
    expect(ignored).toEqual(["*", `!${argument("COPY").split(" ")[0]}`]);
  });
});

describe("the snippets of docs/running.md", () => {
  const [, ...snippets] = codeBlocks(running, "yaml");

  it("have options, keys and ports that exist", async () => {
    const { stdout: help } = await execute(process.execPath, [emulatorCli, "--help"]);
    expect(snippets).toHaveLength(3);
    for (const text of snippets) {
      expect(parse(text)).toBeTypeOf("object");
      const [, options = ""] = /NYLAS_EMULATOR_OPTIONS: (.+)/.exec(text) ?? [];
      for (const option of options.match(/--[a-z-]+/g) ?? ["none"]) expect(help).toContain(`${option} `);
      const [, key] = /--api-key (\S+)/.exec(options) ?? [];
      expect(text).toContain(`NYLAS_API_KEY: ${key}`);
      const ports = [...text.matchAll(/- (\d+):(\d+)$/gm), ...text.matchAll(/http:\/\/[\w.]+:(\d+)/g)].flatMap(
        ([, ...all]) => all,
      );
      expect(
        ports.filter(
          (port) =>
            !argument("EXPOSE")
              .split(" ")
              .includes(port ?? ""),
        ),
      ).toEqual([]);
      expect(ports.length).toBeGreaterThan(0);
    }
    expect(parse(snippets[0] ?? "")).toMatchObject({
      services: {
        emulator: { volumes: [`emulator:${argument("VOLUME")}`] },
        test: { depends_on: { emulator: { condition: "service_healthy" } } },
      },
    });
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("a server without a port");
  return address.port;
}
