import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "../../../scripts/setup/paths.mjs";

/**
 * Debian's packages of each mail server.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const LAYERS = {
  courier: ["courier-imap"],
  cyrus: ["cyrus-imapd", "sasl2-bin", "libsasl2-modules"],
  dovecot: ["dovecot-imapd", "dovecot-submissiond"],
  exim: ["exim4-daemon-heavy"],
  opensmtpd: ["opensmtpd"],
  postfix: ["postfix", "sasl2-bin", "libsasl2-modules"],
};

export const layersDirectory = join(cacheDirectory, "mail-servers");

/** @param {string} name */
export function layerOf(name) {
  return join(layersDirectory, name);
}

/**
 * Without Debian's own part, such as `4.96`. A layer holds what differs from this machine, so it has no package database if its
 * packages were installed here before.
 *
 * @param {string} layer
 * @param {string} packageName
 */
export function versionIn(layer, packageName) {
  const database = join(layerOf(layer), "var/lib/dpkg");
  const where = existsSync(join(database, "status")) ? ["--admindir", database] : [];
  const query = [...where, "--show", "--showformat", "$" + "{Version}", packageName];
  return execFileSync("dpkg-query", query, { encoding: "utf8" })
    .replace(/^\d+:/, "")
    .replace(/[-+].*/, "");
}
