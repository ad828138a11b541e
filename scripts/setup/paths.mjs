import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryDirectory = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const nodeModulesDirectory = join(repositoryDirectory, "node_modules");
export const workDirectory = join(repositoryDirectory, ".work");
export const setupFile = join(workDirectory, "setup.json");
const pulumiDirectory = join(workDirectory, "pulumi");
export const pulumiHomeDirectory = join(pulumiDirectory, "home");
export const pulumiStateDirectory = join(pulumiDirectory, "state");
export const passphraseFile = join(pulumiDirectory, "passphrase");

const CACHE_NAME = "pulumi-nylas-imap";

function userCacheDirectory() {
  if (process.env.XDG_CACHE_HOME) return process.env.XDG_CACHE_HOME;
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches");
  if (process.platform === "win32") return process.env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local");
  return join(homedir(), ".cache");
}

/** Shared by all clones of one user, so that only the first of them builds an engine. */
export const cacheDirectory = join(userCacheDirectory(), CACHE_NAME);
