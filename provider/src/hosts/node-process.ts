import { homedir } from "node:os";
import { join } from "node:path";
import type { Host, Wording } from "../host.js";
import { noticesTo } from "../notices.js";
import { CONFIGURATION_WORDING, type ConfigLookup } from "../settings.js";

/** Never aborted: a dynamic provider and a program are told of Ctrl-C only when the engine has ended. */
const NEVER = new AbortController().signal;

/** How a TypeScript program writes it. */
const TYPESCRIPT: Wording = {
  newConnector: "new ImapConnector(…)",
  getGrant: (id) => `ByoImapGrant.get(name, "${id}")`,
  alias: 'aliases: [{ name: "its old name" }]',
  setting: CONFIGURATION_WORDING,
  absentSecret: "under ignoreChanges",
  withoutReplaceOnChanges: 'take "*" or "#initerror" out of its replaceOnChanges, or run `pulumi refresh`',
  deleteFirst: "",
  toMove: "To move on purpose, give the resource another `application`, or destroy it with the old key first",
  staleSettings: "",
};

/** This process: its environment and directory, and standard error, which the engine shows as information. */
export function nodeProcess(config: ConfigLookup): Host {
  const home = pulumiHome();
  return {
    config,
    env: process.env,
    settingsEnv: process.env,
    directory: process.cwd(),
    notesDirectory: home === undefined ? undefined : join(home, "nylas-imap"),
    notices: noticesTo((line) => console.error(line), process.env),
    signal: NEVER,
    wording: TYPESCRIPT,
  };
}

/** Pulumi's home directory, if there is one. An empty PULUMI_HOME counts as unset, as it does for Pulumi. */
function pulumiHome(): string | undefined {
  if (process.env.PULUMI_HOME) return process.env.PULUMI_HOME;
  try {
    // Empty if HOME is.
    const home = homedir();
    return home === "" ? undefined : join(home, ".pulumi");
  } catch {
    // A user without an entry in the list of users has no home.
    return undefined;
  }
}
