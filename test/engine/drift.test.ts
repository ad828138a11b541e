import { drift } from "./drift.js";
import { runScenarios } from "./scenario.js";

runScenarios("Drift", drift);
