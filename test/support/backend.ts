import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * The engine's file backend writes `<stack>.json.attrs`, a side file with a content type, in place: killed at that instant it
 * leaves the file empty, and then says "failed to load checkpoint: EOF". The checkpoint itself is whole. Without the side
 * file all is well, so the operator removes it; `?metadata=skip` in the backend's URL makes none.
 */
export function removeBrokenSideFiles(backend: string): number {
  const files = readdirSync(backend, { recursive: true, encoding: "utf8" }).map((file) => join(backend, file));
  const broken = files.filter((file) => file.endsWith(".attrs") && statSync(file).size === 0);
  for (const file of broken) rmSync(file);
  return broken.length;
}
