#!/usr/bin/env node
/** The emulator of `npm run emulator`, which ends with npm. What `--env` leaves in the background does not. */
import { endWithParent } from "../tools/harness/processes.mjs";

endWithParent();
await import("../emulator/dist/cli.js");
