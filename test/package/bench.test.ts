import { execFile, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Figures } from "../../bench/figures.ts";
import { CONTENDERS, type Contender, OPERATIONS, type Operation, readOptions } from "../../bench/options.ts";
import { operationsTable, ratiosTable, targetsTable } from "../../bench/report.ts";
import type { Measurement } from "../../bench/run.ts";
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
    // The application, the connector (a look and its creation), the list twice (an absence is looked up again), and two
    // requests for each mailbox.
    [
      "ours",
      { create: 5 + 2 * SIZE, unchanged: 0, preview: 0, refresh: 3, rotate: 2 + 2 * SIZE, destroy: 4 + 2 * SIZE },
    ],
    [
      "native",
      { create: 5 + 2 * SIZE, unchanged: 0, preview: 0, refresh: 3, rotate: 2 + 2 * SIZE, destroy: 4 + 2 * SIZE },
    ],
    ["naive", { create: 1 + 2 * SIZE, unchanged: 0, preview: 0, refresh: 1 + SIZE, rotate: SIZE, destroy: 1 + SIZE }],
    ["unverified", { create: 5 + SIZE, rotate: 2 + SIZE }],
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

  it.runIf(process.platform === "linux")("measures the memory of the provider's process", () => {
    const created = report.measurements.filter(({ operation }) => operation === "create");
    for (const { peakMemoryBytes } of created) expect(peakMemoryBytes).toBeGreaterThan(2 ** 20);
  });

  it("has a figure for each target of its scenario, and no verdict", () => {
    const without = report.targets.filter(({ figure }) => figure === null).map(({ name }) => name);
    expect(without.every((name) => name.includes("under Nylas's limit"))).toBe(true);
    expect(without).not.toHaveLength(report.targets.length);
    expect(report.targets.map(({ met }) => met)).toEqual(report.targets.map(() => null));
    for (const { name } of report.targets) expect(printed).toContain(name);
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
])("the options %j are refused with what to write instead", async (args, message) => {
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

  it("compare within a repetition, so that a slow minute counts for both, and say how far repetitions lie apart", () => {
    const both = figures(measured("floor", 600, [10, 20, 10]), measured("ours", 600, [11, 22, 15]));
    const ratio = present(both.ratio({ scenario: "plain", size: 600, operation: "create" }, "ours", "floor"));
    expect(ratio.median).toBeCloseTo(1.1);
    expect(ratio.spread).toBeCloseTo(0.2);
    expect(targetsTable(targets(both, { ...options, sizes: [600] }), 600)).toMatch(
      /\| up, create: over the floor +\| +≤ 1\.1 \| +1\.1 ± 0\.2 \| +met \|/,
    );
    // The repetitions' ratios are 1.1, 1.1 and 1.5, so a tenth is within what repetitions alone make.
    expect(ratiosTable(both, "plain", 600)).toMatch(/\| create +\| none \(1\.1 ± 0\.2\) \|/);
    expect(both.firstAnswerOverFloor()).toBe(100);
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
    const runs = CONTENDERS.map((name) => measured(name, 1000, [1234.5, 1000, 900], large));
    const all = figures(...runs);
    const shown = [operationsTable, ratiosTable].map((show) => show(all, "plain", 1000));
    const text = [...shown, targetsTable(targets(all, options), 1000)].join("\n");
    expect(text).toContain("2003 / 2003 / 2003");
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
    const PAGES = { "bench/README.md": ["operations", "targets"], "docs/scale.md": ["sizes"] };
    const ours = [100, 400].flatMap((size) => measured("ours", size, [size / 10, size / 10, size / 10]));

    function publish(
      measurements: readonly Measurement[],
      { loadBefore = 0.1, repetitions = 3, missed = [] as readonly string[] } = {},
    ): Promise<Ended> {
      const sizes = [...new Set(measurements.map(({ size }) => size))];
      const where = {
        machine: { cpus: 2, cpu: "A CPU", loadBefore },
        versions: { commit: "abc", pulumi: "3.1.0", node: "24.0.0" },
      };
      const content = {
        ...where,
        options: { ...options, repetitions, sizes },
        targets: missed.map(missedTarget),
        measurements,
      };
      writeFileSync(join(directory, "published.json"), JSON.stringify(content));
      return run(publisher, "published.json");
    }

    function missedTarget(name: string): Target {
      return { name, target: "≤ 1.1", figure: 1.2, spread: 0.01, met: false };
    }

    beforeEach(() => {
      for (const [page, names] of Object.entries(PAGES)) {
        mkdirSync(dirname(join(directory, page)), { recursive: true });
        const blocks = names.map((name) => `above\n<!-- bench:${name} -->\nold\n<!-- /bench:${name} -->\nbelow\n`);
        writeFileSync(join(directory, page), blocks.join(""));
      }
    });

    it("are a picture of bars with their seconds, for light and dark", async () => {
      const nylas = measured("ours", 600, [44.5], { scenario: "nylas", requests: 1200 });
      const plain = [measured("floor", 600, [31.5]), measured("ours", 600, [32.5]), measured("native", 600, [63.5])];
      const { code, stderr } = await publish([...plain.flat(), ...nylas]);
      expect(code, stderr).toBe(0);
      const svg = readFileSync(join(directory, "docs/bench.svg"), "utf8");
      for (const seconds of ["31.5", "32.5", "63.5", "44.5", "24.0"]) expect(svg).toContain(`>${seconds}</text>`);
      expect(svg).toContain("prefers-color-scheme: dark");
      // Width and height of the picture bound each bar and each figure.
      const [, width = 0, height = 0] = (/viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []).map(Number);
      for (const [, x, y, wide] of svg.matchAll(/ x="([\d.]+)" y="([\d.]+)"(?: width="([\d.]+)")?/g)) {
        expect(Number(x) + Number(wide ?? 30)).toBeLessThan(width);
        expect(Number(y)).toBeLessThan(height);
      }
    });

    it("are tables between the markers", async () => {
      const { code, stderr } = await publish(ours);
      expect(code, stderr).toBe(0);
      const [page, scale] = Object.keys(PAGES).map((file) => readFileSync(join(directory, file), "utf8"));
      expect(page).toMatch(/^above\n<!-- bench:operations -->\n\| 400 mailboxes [\s\S]*\| create +\| +40 s \|/);
      expect(page).toMatch(
        /\| 400 mailboxes \| +target [\s\S]* load of 0\.1, [\s\S]*<!-- \/bench:targets -->\nbelow\n$/,
      );
      expect(page).not.toContain("old");
      expect(scale).toMatch(/\| create, ours +\| +10 s \| +40 s \|/);
    });

    it("give the reason of each missed target", async () => {
      expect(await publish(ours, { missed: ["up, create: over the floor"] })).toMatchObject({ code: 0 });
      expect(readFileSync(join(directory, "bench/README.md"), "utf8")).toMatch(
        /\| up, create: over the floor +\| +≤ 1\.1 \| +1\.20 ± 0\.01 \| +missed \|\n\nWhy .*\n\n- \*up, create: over the floor\*: \S/,
      );
    });

    it.each<[string, readonly Measurement[], Parameters<typeof publish>[1], string]>([
      ["other work kept the machine busy", ours, { loadBefore: 2.94 }, "load of 2.94 on 2 CPUs"],
      ["there are too few repetitions for a spread", ours, { repetitions: 1 }, "at least 3"],
      ["nothing of ours was measured", measured("floor", 50, [1]), {}, "no measurement of ours"],
      ["a missed target has no reason", ours, { missed: ["preview: requests"] }, "preview: requests"],
    ])("are refused where %s", async (_, measurements, more, message) => {
      expect(await publish(measurements, more)).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
      expect(readFileSync(join(directory, "bench/README.md"), "utf8")).toContain("old");
    });

    it("are refused where a page lacks the markers", async () => {
      writeFileSync(join(directory, "docs/scale.md"), "no markers\n");
      expect(await publish(ours)).toMatchObject({ code: 1, stderr: expect.stringContaining("bench:sizes") });
    });
  });
});
