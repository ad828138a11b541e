import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** What a channel shows of a secret. */
export type Sight = "clear" | "encrypted" | "absent";

/** The bytes that gzip's files begin with. */
const GZIP = Buffer.from([0x1f, 0x8b]);

/**
 * Whether any encoding of a text has the core of a secret: letters and digits, which look the same in JSON, URLs and forms. Base64 has
 * one of three spellings, by where the core stands in what is encoded.
 */
export function contains(text: string, core: string): boolean {
  const hex = Buffer.from(core).toString("hex");
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.from(" ".repeat(offset) + core).toString("base64url");
    // The characters that the core alone decides.
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + core.length) * 8) / 6));
  });
  const spelled = [core, hex, hex.toUpperCase(), ...base64];
  const plain = text.replaceAll("+", "-").replaceAll("/", "_");
  return spelled.some((spelling) => text.includes(spelling) || plain.includes(spelling));
}

/** The content of all files below a directory, also of those that are compressed. */
export function contentOf(path: string): string {
  if (!statSync(path).isDirectory()) return textOf(readFileSync(path));
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => textOf(readFileSync(join(entry.parentPath, entry.name)))).join("\n");
}

function textOf(content: Buffer): string {
  const unpacked = content.subarray(0, GZIP.length).equals(GZIP) ? gunzipSync(content) : content;
  // Byte by byte: a secret of ASCII characters is found in binary files, too.
  return unpacked.toString("latin1");
}
