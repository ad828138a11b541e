/** Tags that separate no words. */
const INLINE = new Set("a abbr b code em font i s small span strong sub sup u".split(" "));
/** Elements whose content is not shown. */
const HIDDEN = new Set(["head", "script", "style", "template", "title"]);
const COMMENT_END = "-->";
const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  apos: "'",
  gt: ">",
  lt: "<",
  nbsp: " ",
  quot: '"',
};
const MAX_CODE_POINT = 0x10ffff;
/** Characters to collect, of which entities may take several for one. */
const MAX_COLLECTED = 2_000;

/** The beginning of what a reader of the HTML sees, on one line. Reads each character once, however broken the HTML is. */
export function textOfHtml(html: string, maxLength: number): string {
  let text = "";
  let hiddenUntil: string | undefined;
  for (const [index, piece] of html.split("<").entries()) {
    // Collapsed at each step, so that the text stays short.
    text = text.replace(/\s+/g, " ");
    if (text.length > MAX_COLLECTED) break;
    if (index === 0) {
      text += piece;
      continue;
    }
    if (hiddenUntil === COMMENT_END || (hiddenUntil === undefined && piece.startsWith("!--"))) {
      hiddenUntil = piece.includes(COMMENT_END) ? undefined : COMMENT_END;
      text += after(piece, COMMENT_END);
      continue;
    }
    const [, slash = "", tag = ""] = /^(\/?)([a-z][a-z0-9]*)/i.exec(piece) ?? [];
    const name = tag.toLowerCase();
    if (hiddenUntil !== undefined && !(slash === "/" && name === hiddenUntil)) continue;
    hiddenUntil = slash === "" && HIDDEN.has(name) ? name : undefined;
    if (hiddenUntil !== undefined) continue;
    // A `<` that begins no tag is text.
    if (name === "" && slash === "" && !piece.startsWith("!")) text += `<${piece}`;
    else text += `${INLINE.has(name) ? "" : " "}${after(piece, ">")}`;
  }
  return oneLine(decoded(text)).slice(0, maxLength);
}

/** Empty if the piece does not have the mark. */
function after(piece: string, mark: string): string {
  const at = piece.indexOf(mark);
  return at === -1 ? "" : piece.slice(at + mark.length);
}

/** Without line breaks and repeated spaces, as mail programs show the beginning of a message. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,4}));/gi, (whole, decimal, hexadecimal, name) => {
    if (typeof name === "string") return ENTITIES[name.toLowerCase()] ?? whole;
    const code = typeof decimal === "string" ? Number(decimal) : Number.parseInt(String(hexadecimal), 16);
    return code <= MAX_CODE_POINT ? String.fromCodePoint(code) : whole;
  });
}
