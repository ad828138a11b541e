import type { Environment, Notices } from "./notices.js";
import type { ConfigLookup, SettingWording } from "./settings.js";

/**
 * What this package needs of the process that it runs in. Nothing outside of `hosts/`, `program/` and `cli/` reads configuration or
 * environment by itself, prints, or knows which host it serves.
 */
export interface Host {
  env: Environment;
  /** Where settings are read that the configuration lacks: nothing where only the configuration counts. */
  settingsEnv: Environment;
  notices: Notices;
  /** Ends pauses when the run is to end. */
  signal: AbortSignal;
  /** Looks up `namespace:key` in the stack's configuration. */
  config: ConfigLookup;
  /** Where relative paths of files start. */
  directory: string;
  /** The directory for notes that must survive a killed run; `undefined` if there is none. */
  notesDirectory: string | undefined;
  wording: Wording;
}

/** How the user's language writes what a message tells to write. */
export interface Wording {
  /** Declares a connector. */
  newConnector: string;
  /** Refers to a grant that the program does not manage. */
  getGrant(id: string): string;
  /** The resource option that tells an earlier name. */
  alias: string;
  setting: SettingWording;
  /** Why an argument is not there although the state has a digest of it: completes "imapPassword is …". */
  absentSecret: string;
  /** Keeps an object that the resource option `replaceOnChanges` would replace. */
  withoutReplaceOnChanges: string;
  /** Makes a replacement delete before it creates; "" if every resource does. */
  deleteFirst: string;
  /** How an object gets to another application: sentences without the last full stop. */
  toMove: string;
  /** What to do if the settings of a run are not those that are configured: a sentence, or "" if they always are. */
  staleSettings: string;
}

/** Joins the sentences that there are. The last one stays without a full stop, as in every remedy. */
export function sentences(...texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join(". ");
}
