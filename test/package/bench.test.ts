import { execFile, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Figures } from "../../bench/figures.ts";
import { type Contender, OPERATIONS, type Operation, readOptions } from "../../bench/options.ts";
import { detail } from "../../bench/report.ts";
import type { Measurement } from "../../bench/run.ts";
import { rates, type Together } from "../../bench/stacks.ts";
import { TARGET_SIZE, type Target, targets } from "../../bench/targets.ts";
import { descendants, isAlive } from "../../tools/harness/processes.mjs";
import { present } from "../../tools/harness/test-emulator.js";
import { until } from "../../tools/harness/until.js";
import { makeWorkDirectory } from "../../tools/harness/work-directory.js";

const root = join(import.meta.dirname, "../..");
const script = join(root, "bench/main.ts");
const publisher = join(root, "bench/publish.ts");
const SIZE = 3;
/** Time for twenty commands of the engine on a busy machine, in milliseconds. */
const RUN_TIMEOUT_MS = 900_000;
/** How long a condition may take, in milliseconds. */
const PATIENCE_MS = 120_000;

interface Report {
  targets: Target[];
  machine: { cpus: number };
  versions: Record<string, string>;
  options: { seed: number; sizes: number[] };
  measurements: Measurement[];
}

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

let directory: string;

function bench(...args: string[]): Promise<Ended> {
  return run(script, ...args);
}

function run(file: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { cwd: directory }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

function leftDirectories(): string[] {
  return readdirSync(join(root, ".work")).filter((name) => name.startsWith("bench-"));
}

beforeAll(() => {
  directory = makeWorkDirectory("bench");
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("a quick run", () => {
  let report: Report;
  let printed: string;

  beforeAll(async () => {
    const { code, stdout, stderr } = await bench("--quick", "--sizes", String(SIZE), "--json", "figures.json");
    expect(code, stderr).toBe(0);
    printed = stdout;
    report = JSON.parse(readFileSync(join(directory, "figures.json"), "utf8"));
  }, RUN_TIMEOUT_MS);

  it.each<[Contender, Partial<Record<Operation, number>>]>([
    ["floor", { create: 0, unchanged: 0, preview: 0, refresh: 0, rotate: 0, destroy: 0 }],
    // The application, the connector (a look and its creation), the list, and two requests for each mailbox.
    [
      "ours",
      { create: 4 + 2 * SIZE, unchanged: 0, preview: 0, refresh: 3, rotate: 2 + 2 * SIZE, destroy: 3 + 2 * SIZE },
    ],
    ["naive", { create: 1 + 2 * SIZE, unchanged: 0, preview: 0, refresh: 1 + SIZE, rotate: SIZE, destroy: 1 + SIZE }],
    ["unverified", { create: 4 + SIZE, rotate: 2 + SIZE }],
  ])("counts the requests of %s", (contender, expected) => {
    const own = report.measurements.filter((measurement) => measurement.contender === contender);
    expect(Object.fromEntries(own.map(({ operation, requests }) => [operation, requests]))).toEqual(expected);
    expect(own.map(({ refused }) => refused)).toEqual(own.map(() => 0));
  });

  it("finds the fields of ours in the state of the floor, and stored code as long", () => {
    const [floor, ours] = (["floor", "ours"] as const).map((contender) => {
      const created = report.measurements.find((one) => one.contender === contender && one.operation === "create");
      return present(present(created).stateBytes);
    });
    expect(Math.abs(present(floor) - present(ours)) / present(ours)).toBeLessThan(0.05);
  });

  it("measures times, state and, on Linux, memory", () => {
    for (const { seconds } of report.measurements) expect(seconds).toBeGreaterThan(0);
    if (process.platform !== "linux") return;
    const created = report.measurements.filter(({ operation }) => operation === "create");
    for (const { peakMemoryBytes } of created) expect(peakMemoryBytes).toBeGreaterThan(2 ** 20);
  });

  it("has a figure for each target of its scenario, and no verdict", () => {
    expect(report.targets.length).toBeGreaterThan(10);
    for (const { name, target, figure, met } of report.targets) {
      expect(target, name).toMatch(/^[≤≥] \d/);
      expect(figure === null, name).toBe(name.includes("under Nylas's limit"));
      expect(met, name).toBeNull();
      expect(printed).toContain(name);
    }
  });

  it("says where it was taken", () => {
    expect(report.options).toMatchObject({ seed: 7, sizes: [SIZE] });
    expect(report.machine.cpus).toBeGreaterThan(0);
    for (const version of ["commit", "pulumi", "node", "sdk", "package"]) expect(report.versions[version]).toBeTruthy();
  });

  it("prints nothing wider than 100 columns", () => {
    for (const line of printed.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
  });
});

it("the scenario nylas meets latency and limit", async () => {
  const args = ["--scenarios", "nylas", "--contenders", "naive", "--operations", "create", "--latency", "20"];
  const { code, stderr } = await bench("--quick", "--sizes", "2", ...args, "--json", "nylas.json");
  expect(code, stderr).toBe(0);
  const { measurements }: Report = JSON.parse(readFileSync(join(directory, "nylas.json"), "utf8"));
  expect(measurements).toEqual([expect.objectContaining({ scenario: "nylas", operation: "create", requests: 5 })]);
  expect(present(measurements[0]).answerSeconds).toBeGreaterThan(0.03);
});

describe("several stacks at once on one application", () => {
  const STACKS = 2;
  let together: Together[];
  let printed: string;

  beforeAll(async () => {
    const size = ["--sizes", String(SIZE), "--latency", "20"];
    const args = ["--stacks", String(STACKS), "--operations", "create,destroy", "--repetitions", "1"];
    const { code, stdout, stderr } = await bench(...args, ...size, "--json", "stacks.json");
    expect(code, stderr).toBe(0);
    printed = stdout;
    together = JSON.parse(readFileSync(join(directory, "stacks.json"), "utf8")).stacks;
  }, RUN_TIMEOUT_MS);

  it("are compared with the default limit for each, and with it divided", () => {
    expect(rates(4)).toEqual([40, 10]);
    expect(together.map(({ rate, operation }) => [rate, operation])).toEqual(
      rates(STACKS).flatMap((rate) => [
        [rate, "create"],
        [rate, "destroy"],
      ]),
    );
    for (const line of printed.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  it("have their requests counted, each stack's apart", () => {
    for (const { operation, stacks } of together) {
      // The application and two requests for each mailbox; to create, also the list.
      const expected = {
        requests: (operation === "create" ? 2 : 1) + 2 * SIZE,
        refused: 0,
        attempts: 1,
        limitLines: 0,
      };
      expect(stacks, operation).toEqual(Array(STACKS).fill(expect.objectContaining({ succeeded: true, ...expected })));
    }
  });

  it("have no request that is not counted", () => {
    for (const { answers, stacks } of together) {
      expect(stacks.reduce((sum, { requests, refused }) => sum + requests + refused, 0)).toBe(answers);
    }
  });
});

it("an interruption leaves no process and no file", async () => {
  const before = leftDirectories();
  const child = spawn(process.execPath, [script, "--quick", "--sizes", "2"], { cwd: directory, stdio: "ignore" });
  const pid = present(child.pid);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let family = descendants(pid);
  await until("the provider's process runs", PATIENCE_MS, () => {
    family = descendants(pid);
    return family.some(({ command }) => command.includes("cmd/dynamic-provider/index.js"));
  });
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  // A killed process is gone when its parent has asked for its exit code.
  await until("all its processes are gone", PATIENCE_MS, () => !family.some((member) => isAlive(member.pid)));
  expect(leftDirectories()).toEqual(before);
});

it.each([
  [["--sizes", "0"], "--sizes takes whole numbers from 1 to 1000"],
  [["--operations", "create,fly"], '"fly"'],
  [["--fast"], "--fast"],
  [["--stacks", "1"], "--stacks takes whole numbers from 2 to 20"],
])("refuses %j", async (args, message) => {
  const { code, stderr } = await bench(...args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

describe("the figures", () => {
  const options = present(readOptions(["--repetitions", "3"]));

  /** Seconds by repetition. */
  function measured(contender: Contender, size: number, seconds: readonly number[], more: Partial<Measurement> = {}) {
    return seconds.flatMap((value, index) =>
      OPERATIONS.map(
        (operation): Measurement => ({
          scenario: "plain",
          size,
          contender,
          repetition: index + 1,
          operation,
          seconds: value,
          requests: 0,
          refused: 0,
          answerSeconds: 0,
          limitLines: 0,
          ...more,
        }),
      ),
    );
  }

  function figures(...measurements: Measurement[][]): Figures {
    const starts = new Map<Contender, number[]>([
      ["floor", [500, 600, 900]],
      ["ours", [600, 700, 1100]],
    ]);
    return new Figures(measurements.flat(), starts, 8);
  }

  it("compare within a repetition, so that a slow minute counts for both", () => {
    const both = figures(measured("floor", 600, [10, 20, 10]), measured("ours", 600, [11, 22, 15]));
    expect(both.ratio({ scenario: "plain", size: 600, operation: "create" }, "ours", "floor")).toBeCloseTo(1.1);
    expect(both.firstAnswerOverFloor()).toBe(100);
  });

  it("fit the growth", () => {
    const squares = figures(...[50, 200, 600].map((size) => measured("ours", size, [0.01 * size ** 1.5])));
    const selection = { scenario: "plain", contender: "ours", operation: "create" } as const;
    expect(squares.growth(selection, [50, 200, 600])).toBeCloseTo(1.5);
    expect(squares.growth(selection, [50])).toBeUndefined();
  });

  it("take as limit what is more: 50 requests a second, or the answers in as many places as the engine has", () => {
    const selection = { scenario: "nylas", size: 600, contender: "ours", operation: "create" } as const;
    const limit = (answerSeconds: number) =>
      figures(measured("ours", 600, [30], { scenario: "nylas", requests: 1200, answerSeconds })).limit(selection);
    expect(limit(80)).toBeCloseTo(24);
    expect(limit(320)).toBeCloseTo(40);
  });

  it("of long runs fit into 100 columns", () => {
    const large = { requests: 2003, refused: 1234, answerSeconds: 9999.9 };
    const runs = (["floor", "ours", "naive"] as const).map((name) => measured(name, 1000, [1234.5], large));
    const text = detail(figures(...runs), { ...options, sizes: [1000] }, [{ scenario: "plain", size: 1000 }]);
    expect(text).toContain("2003 / 2003");
    for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  it("are judged at the size of the targets alone", () => {
    const verdicts = (size: number, seconds: number) => {
      const measurements = [measured("floor", size, [10]), measured("ours", size, [seconds], { requests: 4 })];
      const judged = targets(figures(...measurements), { ...options, sizes: [size] });
      const verdict = (name: string) => present(judged.find((target) => target.name === name)).met;
      return [verdict("up, create: over the floor"), verdict("refresh: requests"), verdict("preview: requests")];
    };
    expect(verdicts(TARGET_SIZE, 11)).toEqual([true, true, false]);
    expect(verdicts(TARGET_SIZE, 11.1)).toEqual([false, true, false]);
    expect(verdicts(TARGET_SIZE / 2, 11)).toEqual([null, null, null]);
  });

  describe("in the documentation", () => {
    const PAGES = { "bench/README.md": ["operations", "targets"], "docs/scale.md": ["growth"] };

    function publish(measurements: readonly Measurement[]): Promise<Ended> {
      const sizes = [...new Set(measurements.map(({ size }) => size))];
      const where = {
        machine: { cpus: 2, cpu: "A CPU", loadBefore: 0.5 },
        versions: { commit: "abc", pulumi: "3.1.0", node: "24.0.0" },
      };
      const content = { ...where, options: { ...options, sizes }, targets: [], measurements, firstAnswers: {} };
      writeFileSync(join(directory, "published.json"), JSON.stringify(content));
      return run(publisher, "published.json", "--root", directory);
    }

    beforeEach(() => {
      for (const [page, names] of Object.entries(PAGES)) {
        mkdirSync(dirname(join(directory, page)), { recursive: true });
        const blocks = names.map((name) => `above\n<!-- bench:${name} -->\nold\n<!-- /bench:${name} -->\nbelow\n`);
        writeFileSync(join(directory, page), blocks.join(""));
      }
    });

    it("are a picture with text and without a script, for light and dark", async () => {
      const nylas = measured("ours", 600, [44.5], { scenario: "nylas", requests: 1200 });
      const plain = [measured("floor", 600, [31.5]), measured("ours", 600, [32.5]), measured("naive", 600, [63.5])];
      const { code, stderr } = await publish([...plain.flat(), ...nylas]);
      expect(code, stderr).toBe(0);
      const svg = readFileSync(join(directory, "docs/bench.svg"), "utf8");
      for (const seconds of ["31.5", "32.5", "63.5", "44.5", "24.0"]) expect(svg).toContain(`>${seconds}</text>`);
      expect(svg).toContain("prefers-color-scheme: dark");
      expect(svg).not.toMatch(/<script|href|url\(/);
      // Width and height of the picture bound each bar and each figure.
      const [, width = 0, height = 0] = (/viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []).map(Number);
      const places = [...svg.matchAll(/ x="([\d.]+)" y="([\d.]+)"(?: width="([\d.]+)")?/g)];
      expect(places.length).toBeGreaterThan(40);
      for (const [, x, y, wide] of places) {
        expect(Number(x) + Number(wide ?? 30)).toBeLessThan(width);
        expect(Number(y)).toBeLessThan(height);
      }
    });

    it("are tables between the markers", async () => {
      const { code, stderr } = await publish([100, 400].flatMap((size) => measured("ours", size, [size / 10])));
      expect(code, stderr).toBe(0);
      const [page, scale] = Object.keys(PAGES).map((file) => readFileSync(join(directory, file), "utf8"));
      expect(page).toMatch(/^above\n<!-- bench:operations -->\n\| 400 mailboxes \|[\s\S]*\| create \| – \| 40\.0 s \|/);
      expect(page).toMatch(
        /Taken at abc on 2 × A CPU with a load of 0\.5, Pulumi 3\.1\.0, Node 24\.0\.0; [\s\S]*<!-- \/bench:targets -->\nbelow\n$/,
      );
      expect(page).not.toContain("old");
      expect(page).toContain("| 400 mailboxes | target | figure | verdict |");
      expect(scale).toContain("| create | ours | 10.0 s | 40.0 s | 1.00 |");
    });

    it("are refused where a page lacks the markers, or nothing of ours was measured", async () => {
      writeFileSync(join(directory, "docs/scale.md"), "no markers\n");
      expect(await publish(measured("ours", 50, [1]))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("bench:growth"),
      });
      expect(await publish(measured("floor", 50, [1]))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("no measurement of ours"),
      });
    });
  });
});
