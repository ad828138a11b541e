import { absence } from "./absence.js";
import { runScenarios } from "./scenario.js";

runScenarios("absence", absence);
