import { type CheckFailure, isUnknown, unknownName } from "../../core/properties/validate.js";
import type { Values } from "../../core/properties/values.js";
import type { Environment } from "../../notices.js";
import {
  CONFIGURATION_WORDING,
  type ConfigLookup,
  DEFAULT_APPLICATION,
  environmentVariable,
  SETTING_NAMES,
  type SettingWording,
} from "../../settings.js";
import { parseUrn } from "./identity.js";

/** What the engine adds to the settings of a provider. */
const ENGINE_SETTINGS: readonly string[] = ["version", "pluginDownloadURL", "pluginChecksums", "parameterization"];

/** The settings of this process: one process serves one provider of the program. */
export interface Configuration {
  config: ConfigLookup;
  /** Where settings are read that the configuration lacks. */
  settingsEnv: Environment;
  /** Whether the engine has made the provider from the stack's configuration. */
  isDefault: boolean;
  /** Whether the program has given it a key. */
  hasOwnKey: boolean;
}

/**
 * Refuses unknown settings, and a provider of the program that has a name of the engine's. A key in clear cannot be refused, because the
 * engine does not say which values are secret. In a project that is called `nylas`, the default provider gets the project's own
 * configuration too, so no name counts as unknown.
 */
export function checkConfiguration(urn: string, values: Values, environment: Environment): CheckFailure[] {
  const { project, name: provider } = parseUrn(urn);
  if (isDefault(provider) && isOfProgram(values, environment)) {
    const reason = `"${provider}" is a name that the engine gives to its own providers: give this one another name`;
    return [{ property: "", reason }];
  }
  if (project === DEFAULT_APPLICATION && isDefault(provider)) return [];
  const names = Object.keys(values).filter((name) => !name.startsWith("__") && !ENGINE_SETTINGS.includes(name));
  const unknown = names.filter((name) => !SETTING_NAMES.some((known) => known === name));
  return unknown.map((name) => unknownName(name, "setting", SETTING_NAMES));
}

/**
 * The settings for a provider. The engine passes those of the last `up` for a plain refresh or destroy; `PULUMI_CONFIG` has the present
 * ones, of the default provider alone. A provider that the program declares with a key of its own takes nothing from the environment,
 * where another application's key may stand.
 */
export function configurationOf(provider: string, saved: Values, environment: Environment): Configuration {
  const byEngine = isDefault(provider);
  const present = byEngine ? presentConfiguration(environment) : {};
  const settings = present.apiKey === undefined ? { ...saved, ...present } : present;
  const hasOwnKey = !byEngine && settings.apiKey !== undefined;
  return {
    isDefault: byEngine,
    config: (key) => {
      const value = settings[key.slice(key.indexOf(":") + 1)];
      return value === undefined || value === null || isUnknown(value) ? undefined : String(value);
    },
    hasOwnKey,
    settingsEnv: hasOwnKey ? {} : environment,
  };
}

/** Whether a provider has other settings than the stack's configuration, which the engine gives to its own. */
function isOfProgram(values: Values, environment: Environment): boolean {
  if (environment.PULUMI_CONFIG === undefined) return false;
  const present = presentConfiguration(environment);
  return SETTING_NAMES.some((name) => values[name] !== undefined && String(values[name]) !== String(present[name]));
}

/** The names that the engine gives to a provider that it makes itself. A call without a program names none. */
function isDefault(provider: string): boolean {
  return provider === "" || provider === "default" || provider.startsWith("default_");
}

/** Of the provider that the engine makes. It is passed one namespace; a resource that came from the dynamic host may name another. */
export const DEFAULT_PROVIDER_WORDING: SettingWording = {
  name: (_, key) => CONFIGURATION_WORDING.name(DEFAULT_APPLICATION, key),
  place: (application, key, value) =>
    application === DEFAULT_APPLICATION
      ? CONFIGURATION_WORDING.place(application, key, value)
      : `\`${key}\` of a provider that the program declares and gives to the resource, or ${environmentVariable(application, key)}`,
};

/** Of a provider that the program declares. */
export function declaredProviderWording(hasOwnKey: boolean): SettingWording {
  const name = (_: string, key: string) => `\`${key}\` of the provider in the program`;
  const variable = (application: string, key: string) =>
    hasOwnKey ? "" : ` or ${environmentVariable(application, key)}`;
  return { name, place: (application, key) => name(application, key) + variable(application, key) };
}

function presentConfiguration({ PULUMI_CONFIG }: Environment): Values {
  try {
    const parsed: unknown = JSON.parse(PULUMI_CONFIG ?? "{}");
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    // Not the engine's.
    return {};
  }
}
