export { BEHAVIOURS, BehaviourError, type BehaviourName, type Behaviours } from "./behaviours.js";
export { startEmulator } from "./emulator.js";
export { type Emulator, type EmulatorOptions, type Endpoint, type MailUser, OptionError } from "./options.js";
