import type { Page } from "playwright-core";
import { expect } from "vitest";

/** Minimum contrast of WCAG 2, level AA: of text, and of field borders. */
const MIN_CONTRAST = 4.5;
const MIN_EDGE_CONTRAST = 3;

/** Measurements of a page's appearance. */
interface Shown {
  /** Horizontal overflow, in pixels. */
  overflow: number;
  texts: Colors[];
  /** Contrast of field borders. */
  edges: Colors[];
}

interface Colors {
  what: string;
  color: string;
  background: string;
}

/** Runs in the page, whose types are not those of Node. */
const HOW_IT_IS_SHOWN = `(() => {
  const backgroundOf = (element) => {
    const color = element === null ? "rgb(255, 255, 255)" : getComputedStyle(element).backgroundColor;
    return element !== null && /, 0\\)$/.test(color) ? backgroundOf(element.parentElement) : color;
  };
  const colors = (selector, colorOf, behind) => [...document.querySelectorAll(selector)].map((element) => ({
    what: element.outerHTML.slice(0, 40),
    color: colorOf(getComputedStyle(element)),
    background: backgroundOf(behind(element)),
  }));
  const { scrollWidth, clientWidth } = document.documentElement;
  return {
    overflow: scrollWidth - clientWidth,
    texts: colors("h1, p, a, code, label, legend, input, button", ({ color }) => color, (element) => element),
    edges: colors("input, select, textarea", ({ borderTopColor }) => borderTopColor, (element) => element.parentElement),
  };
})()`;

/** Expects that nothing is cut off, and that more than `texts` texts, and all borders of fields, have enough contrast. */
export async function expectReadable(page: Page, { texts: least }: { texts: number }): Promise<void> {
  const { overflow, texts, edges }: Shown = await page.evaluate(HOW_IT_IS_SHOWN);
  expect(overflow).toBe(0);
  expect(texts.length).toBeGreaterThan(least);
  for (const { what, color, background } of texts) {
    expect({ what, readable: contrast(color, background) >= MIN_CONTRAST }).toEqual({ what, readable: true });
  }
  for (const { what, color, background } of edges) {
    expect({ what, visible: contrast(color, background) >= MIN_EDGE_CONTRAST }).toEqual({ what, visible: true });
  }
}

/** Contrast ratio of WCAG 2, from 1 to 21. */
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
