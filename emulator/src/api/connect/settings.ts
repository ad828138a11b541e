import type { JsonObject } from "../../conventions/body.js";
import { ApiError } from "../../conventions/errors.js";
import type { ImapSettings } from "../../store/types.js";

const IMAP_DEFAULT_PORT = 993;
const MAX_PORT = 65_535;
const MAX_TEXT = 1024;

/** Reads the settings of an IMAP grant. Nylas detects missing hosts of known providers; the emulator requires them. */
export function readImapSettings(settings: JsonObject): ImapSettings {
  const smtpHost = optionalLine(settings, "smtp_host");
  const smtpPort = port(settings, "smtp_port");
  const smtpUsername = optionalLine(settings, "smtp_username");
  const smtpPassword = optionalLine(settings, "smtp_password");
  return {
    imap_username: requiredLine(settings, "imap_username"),
    imap_password: requiredLine(settings, "imap_password"),
    imap_host: requiredLine(settings, "imap_host"),
    imap_port: port(settings, "imap_port") ?? IMAP_DEFAULT_PORT,
    ...(smtpHost === undefined ? {} : { smtp_host: smtpHost }),
    ...(smtpPort === undefined ? {} : { smtp_port: smtpPort }),
    ...(smtpUsername === undefined ? {} : { smtp_username: smtpUsername }),
    ...(smtpPassword === undefined ? {} : { smtp_password: smtpPassword }),
  };
}

function requiredLine(settings: JsonObject, name: string): string {
  const value = optionalLine(settings, name);
  if (value === undefined) throw ApiError.of("settingMissing", { setting: name });
  return value;
}

function optionalLine(settings: JsonObject, name: string): string | undefined {
  const value = settings[name];
  if (value === undefined || value === null || value === "") return undefined;
  // A line break would end the IMAP or SMTP command that contains the value.
  if (typeof value !== "string" || value.length > MAX_TEXT || /[\r\n\0]/.test(value)) {
    throw ApiError.of("settingNotALine", { setting: name, max: MAX_TEXT });
  }
  return value;
}

/** Also accepts strings: the schema says integer, but the example in the documentation has strings. */
function port(settings: JsonObject, name: string): number | undefined {
  const value = settings[name];
  if (value === undefined || value === null || value === "") return undefined;
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < 1 || number > MAX_PORT) {
    throw ApiError.of("settingNotAPort", { setting: name });
  }
  return number;
}
