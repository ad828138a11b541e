import { renames } from "./renames.js";
import { runScenarios } from "./scenario.js";

runScenarios("Renames", renames);
