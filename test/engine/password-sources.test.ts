import { passwordSources } from "./password-sources.js";
import { runScenarios } from "./scenario.js";

runScenarios("Passwords by reference", passwordSources);
