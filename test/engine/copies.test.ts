import { copies } from "./copies.js";
import { runScenarios } from "./scenario.js";

runScenarios("Copies of a state", copies);
