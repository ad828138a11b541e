export { BEHAVIORS, BehaviorError, type BehaviorName, type Behaviors } from "./behaviors.js";
export { startEmulator } from "./emulator.js";
export { type Emulator, type EmulatorOptions, type Endpoint, type MailUser, OptionError } from "./options.js";
