/** What marks an object of Pulumi's wire format, and of a state, as a secret. */
export const SECRET_SIGNATURE = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
