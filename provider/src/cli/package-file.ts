import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** This package's own package.json. */
export interface PackageFile {
  version: string;
  peerDependencies: Record<string, string>;
}

const PACKAGE_FILE = "pulumi-nylas-imap/package.json";

// By its name: a path would differ between this file and the bundle.
const require = createRequire(import.meta.url);

export function readPackage(): PackageFile {
  return require(PACKAGE_FILE);
}

/** The path of a file of this package. */
export function packagePath(file: string): string {
  return join(dirname(require.resolve(PACKAGE_FILE)), file);
}
