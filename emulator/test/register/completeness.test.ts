import { BEHAVIORS } from "nylas-emulator";
import { describe, expect, it } from "vitest";
import { ALTERNATIVES } from "../../../tools/harness/open-questions.js";
import { emulatorRoutes } from "../support/emulator-routes.js";
import { nonEmpty } from "../support/non-empty.js";
import { behaviorNames, defaultOf, OPEN_POINTS, OTHER_ANSWERS, REGISTER } from "./register.js";

describe("the register of expectations", () => {
  it.each(nonEmpty(routes()))("has %s", (endpoint) => {
    expect(REGISTER.map((expectation) => plain(expectation.endpoint))).toContain(plain(endpoint));
  });

  it("has no endpoint that the emulator has not", () => {
    const known = routes().map(plain);
    const own = REGISTER.map(({ endpoint }) => plain(endpoint)).filter((endpoint) => !endpoint.startsWith("any "));
    expect(own.filter((endpoint) => !known.includes(endpoint))).toEqual([]);
  });

  it.each(nonEmpty(behaviorNames()))("has each answer of the behavior %s", (name) => {
    const behavior = BEHAVIORS[name];
    const others =
      behavior.kind === "choice" ? behavior.values.slice(1) : (ALTERNATIVES.get(name) ?? NOT_OPEN[name] ?? []);
    const played = OTHER_ANSWERS.filter((other) => other.name === name).map(({ value }) => value);
    expect(played.toSorted()).toEqual([...others].toSorted());
    expect(played).not.toContain(defaultOf(name));
  });

  it("has every behavior among the open points, each once", () => {
    expect(OPEN_POINTS.flatMap(({ switches }) => switches).toSorted()).toEqual(behaviorNames().toSorted());
  });

  it("has each situation of an endpoint once", () => {
    const names = REGISTER.map(({ endpoint, situation }) => `${endpoint}, ${situation}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it("calls nothing confirmed that has a switch", () => {
    const both = REGISTER.filter(({ standing, instead }) => {
      return standing === "confirmed" && Object.keys(instead ?? {}).some((name) => !REACHED_BY_THE_WAY.includes(name));
    });
    expect(both.map(({ endpoint, situation }) => `${endpoint}, ${situation}`)).toEqual([]);
  });
});

/** Behaviors that are not open questions, each with a value that stands for all others. */
const NOT_OPEN: Readonly<Record<string, readonly string[]>> = {
  rateLimitPerSecond: ["1"],
  deniedPermissions: ["applications.read"],
  newGrantLagSeconds: ["3600"],
  grantsPerPage: ["1"],
};

/** Behaviors that switch off confirmed answers, for tests that need that. */
const REACHED_BY_THE_WAY: readonly string[] = ["authLimit"];

function routes(): string[] {
  return emulatorRoutes()
    .filter(({ path }) => path.startsWith("/v3/"))
    .map(({ method, path }) => `${method} ${path}`);
}

/** Matches a path parameter of any name. */
function plain(endpoint: string): string {
  return endpoint.replace(/:[a-z]+|\{[A-Za-z_]+\}/g, "{}");
}
