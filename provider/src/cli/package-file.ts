import { readFileSync } from "node:fs";

/** This package's own package.json. */
export interface PackageFile {
  version: string;
  peerDependencies: Record<string, string>;
}

export function readPackage(): PackageFile {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
}
