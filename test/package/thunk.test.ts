import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { storedCode } from "../../provider/src/cli/import-file.js";

const root = join(import.meta.dirname, "../..");
/** Largest thunk, in bytes. The state contains it twice per resource. */
const MAX_THUNK_BYTES = 600;

const thunks = await import(join(root, "provider/dist/hosts/dynamic/thunk.js"));

async function serialized(provider: object): Promise<string> {
  const { text } = await pulumi.runtime.serializeFunction(() => provider, { allowSecrets: true });
  return text;
}

it.each([
  ["connectorThunk", "ImapConnector"],
  ["grantThunk", "ByoImapGrant"],
] as const)("%s is stored as the text that every state has, and that an import file gets", async (name, resource) => {
  const text = await serialized(thunks[name]);
  expect(text).toMatchSnapshot();
  expect(storedCode(resource)).toBe(text);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_THUNK_BYTES);
});

it("loads from any directory that has the package installed", async ({ onTestFinished }) => {
  const elsewhere = mkdtempSync(join(tmpdir(), "thunk-"));
  onTestFinished(() => rmSync(elsewhere, { recursive: true }));
  mkdirSync(join(elsewhere, "node_modules"));
  symlinkSync(join(root, "provider"), join(elsewhere, "node_modules/pulumi-nylas-imap"));
  writeFileSync(join(elsewhere, "thunk.cjs"), await serialized(thunks.grantThunk));
  const script = `
    const provider = require("./thunk.cjs").handler();
    provider.configure({ config: { get: () => undefined } });
    console.log(Object.keys(provider).join());`;
  const printed = execFileSync("node", ["-e", script], { cwd: elsewhere, encoding: "utf8" });
  expect(printed.trim()).toBe("configure,check,diff,create,read,update,delete");
});
