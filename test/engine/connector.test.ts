import { connector } from "./connector.js";
import { runScenarios } from "./scenario.js";

runScenarios("The connector", connector);
