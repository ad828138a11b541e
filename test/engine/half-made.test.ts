import { halfMade } from "./half-made.js";
import { runScenarios } from "./scenario.js";

runScenarios("Interrupted runs", halfMade);
