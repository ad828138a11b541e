import { ownership } from "./ownership.js";
import { runScenarios } from "./scenario.js";

runScenarios("Ownership", ownership);
