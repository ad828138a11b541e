import { createRequire } from "node:module";

/** This package's own package.json. */
export interface PackageFile {
  version: string;
  peerDependencies: Record<string, string>;
}

export function readPackage(): PackageFile {
  // By its name: a path would differ between this file and the bundle.
  return createRequire(import.meta.url)("pulumi-nylas-imap/package.json");
}
