import { access } from "./access.js";
import { runScenarios } from "./scenario.js";

runScenarios("Keys and applications", access);
