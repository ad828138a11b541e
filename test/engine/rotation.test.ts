import { rotation } from "./rotation.js";
import { runScenarios } from "./scenario.js";

runScenarios("Changes of a mailbox", rotation);
