import { input } from "./input.js";
import { runScenarios } from "./scenario.js";

runScenarios("Wrong input", input);
