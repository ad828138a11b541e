import type { Figures } from "./figures.ts";
import { type Contender, OPERATIONS, type Operation, type Scenario } from "./options.ts";
import { NAMES } from "./report.ts";

type Series = Extract<Contender, "floor" | "ours" | "native"> | "limit";

interface Panel {
  title: string;
  scenario: Scenario;
  series: readonly Series[];
}

const PANELS: readonly Panel[] = [
  { title: "No latency and no limit", scenario: "plain", series: ["floor", "ours", "native"] },
  { title: "With Nylas's latency and limit", scenario: "nylas", series: ["limit", "ours", "native"] },
];
const SERIES: Readonly<Record<Series, string>> = {
  ours: "dynamic resources",
  native: "the plugin",
  floor: "floor: a provider that does nothing",
  limit: "limit: what Nylas allows",
};
/** In light and in dark. */
const COLORS: Readonly<Record<Series | "background" | "text" | "faint", readonly [light: string, dark: string]>> = {
  background: ["#ffffff", "#0d1117"],
  text: ["#1f2328", "#e6edf3"],
  faint: ["#d1d9e0", "#3d444d"],
  ours: ["#0969da", "#4493f8"],
  native: ["#bc4c00", "#db6d28"],
  floor: ["#818b98", "#9198a1"],
  limit: ["#8250df", "#ab7df8"],
};

const WIDTH = 760;
const PADDING = 20;
const BARS_LEFT = 120;
/** Room for the figure to the right of the longest bar. */
const FIGURE_WIDTH = 64;
const BAR_HEIGHT = 13;
const GROUP_GAP = 10;
const TITLE_HEIGHT = 34;
const LEGEND_LINE = 18;

interface Bar {
  series: Series;
  seconds: number;
}

/** Bars of seconds for each operation with `size` mailboxes, as SVG. Undefined if nothing of that size was measured. */
export function picture(figures: Figures, size: number): string | undefined {
  const panels = PANELS.flatMap(({ title, scenario, series }) => {
    const groups = OPERATIONS.flatMap((operation) => {
      const bars = series.flatMap((name): Bar[] => {
        const seconds = secondsOf(figures, { scenario, size, operation }, name);
        return seconds === undefined ? [] : [{ series: name, seconds }];
      });
      return bars.some(({ series }) => series === "ours") ? [{ operation, bars }] : [];
    });
    return groups.length === 0 ? [] : [{ title, groups }];
  });
  const bars = panels.flatMap(({ groups }) => groups.flatMap((group) => group.bars));
  if (bars.length === 0) return undefined;
  const scale = (WIDTH - BARS_LEFT - FIGURE_WIDTH - PADDING) / Math.max(...bars.map(({ seconds }) => seconds));
  const shown = Object.entries(SERIES).filter(([name]) => bars.some(({ series }) => series === name));

  let y = PADDING;
  const parts = shown.map(([name, label], index) => {
    const [x, top] = [PADDING + (index % 2) * (WIDTH / 2), y + Math.floor(index / 2) * LEGEND_LINE];
    return `<rect class="${name}" x="${x}" y="${top}" width="11" height="11" rx="2"/>${text(label, x + 18, top + 10)}`;
  });
  y += Math.ceil(shown.length / 2) * LEGEND_LINE;
  for (const { title, groups } of panels) {
    parts.push(text(`${title}: seconds for ${size} mailboxes`, PADDING, y + 22, 'font-weight="600"'));
    y += TITLE_HEIGHT;
    const top = y;
    for (const { operation, bars } of groups) {
      const middle = y + (bars.length * BAR_HEIGHT) / 2 + 4;
      parts.push(text(NAMES[operation], BARS_LEFT - 10, middle, 'text-anchor="end"'));
      for (const { series, seconds } of bars) {
        const width = Math.max(1, seconds * scale).toFixed(1);
        parts.push(
          `<rect class="${series}" x="${BARS_LEFT}" y="${y + 1}" width="${width}" height="${BAR_HEIGHT - 2}" rx="2"/>`,
          text(seconds.toFixed(1), BARS_LEFT + Number(width) + 5, y + BAR_HEIGHT - 3, 'font-size="11"'),
        );
        y += BAR_HEIGHT;
      }
      y += GROUP_GAP;
    }
    parts.push(`<line class="axis" x1="${BARS_LEFT}" x2="${BARS_LEFT}" y1="${top - 3}" y2="${y - GROUP_GAP + 3}"/>`);
  }
  return svg(parts, y + PADDING - GROUP_GAP, size);
}

function secondsOf(
  figures: Figures,
  selection: { scenario: Scenario; size: number; operation: Operation },
  series: Series,
): number | undefined {
  if (series === "limit") return figures.limit({ ...selection, contender: "ours" });
  return figures.seconds({ ...selection, contender: series });
}

function svg(parts: readonly string[], height: number, size: number): string {
  const styles = (["light", "dark"] as const).map((_, theme) =>
    [
      ...Object.entries(COLORS).map(([name, colors]) => `.${name}{fill:${colors[theme]}}`),
      `.axis{stroke:${COLORS.faint[theme]}}`,
    ].join(""),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"
  font-family="-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif" font-size="12">
<title>The benchmark with ${size} mailboxes</title>
<style>${styles[0]}
@media (prefers-color-scheme: dark){${styles[1]}}</style>
<rect class="background" width="100%" height="100%" rx="8"/>
${parts.join("\n")}
</svg>
`;
}

function text(content: string, x: number, y: number, attributes = ""): string {
  return `<text class="text" x="${x.toFixed(1)}" y="${y.toFixed(1)}"${attributes && ` ${attributes}`}>${content}</text>`;
}
