import { retries } from "./retries.js";
import { runScenarios } from "./scenario.js";

runScenarios("Busy and failing servers", retries);
