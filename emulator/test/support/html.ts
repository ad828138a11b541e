/** An element of a page. */
export interface Element {
  name: string;
  attributes: Readonly<Record<string, string>>;
  /** The markup up to the next end tag of this name: enough for elements that do not contain their own kind. */
  content: string;
}

const TAG = /<([a-z][a-z0-9]*)((?:\s+[^\s=>]+(?:="[^"]*")?)*)\s*>/gi;
const ATTRIBUTE = /([^\s=>]+)(?:="([^"]*)")?/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/** The elements of a page in the order of their start tags, whatever the order of their attributes. */
export function elementsOf(html: string): Element[] {
  return [...html.matchAll(TAG)].map(({ 0: tag, 1: name = "", 2: attributes = "", index }) => {
    const start = index + tag.length;
    const end = html.indexOf(`</${name}>`, start);
    return {
      name: name.toLowerCase(),
      attributes: Object.fromEntries(
        [...attributes.matchAll(ATTRIBUTE)].map(([, key = "", value = ""]) => [key.toLowerCase(), textOf(value)]),
      ),
      content: end === -1 ? "" : html.slice(start, end),
    };
  });
}

/** The text before the first tag. */
export function textOf(markup: string): string {
  const [text = ""] = markup.split("<", 1);
  return text.replace(/&(#?\w+);/g, (entity, name: string) => ENTITIES[name] ?? entity).trim();
}
