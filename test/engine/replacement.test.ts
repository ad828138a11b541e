import { replacement } from "./replacement.js";
import { runScenarios } from "./scenario.js";

runScenarios("Replacements", replacement);
