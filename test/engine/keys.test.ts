import { access } from "./keys.js";
import { runScenarios } from "./scenario.js";

runScenarios("Keys and applications", access);
