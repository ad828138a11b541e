import { expect, it } from "vitest";
import { nodeProcess } from "../../provider/src/hosts/node-process.js";
import { checkConfiguration, configurationOf } from "../../provider/src/hosts/plugin/configuration.js";
import { FUNCTIONS } from "../../provider/src/hosts/plugin/functions.js";

const OF_STACK = { apiKey: "nyk_of_the_stack", region: "us" };
/** As the engine starts a plugin. */
const environment = { PULUMI_CONFIG: JSON.stringify(OF_STACK) };
const urn = (name: string) => `urn:pulumi:dev::mail::pulumi:providers:nylas::${name}`;

it.each(["default", "default_eu"])(
  "a provider of the program that is called %s is refused: the stack's key would take the place of its own",
  (name) => {
    const reasons = checkConfiguration(urn(name), { apiKey: "nyk_of_the_program" }, environment);
    expect(reasons).toEqual([{ property: "", reason: expect.stringContaining("give this one another name") }]);
  },
);

it.each([
  ["default", OF_STACK, environment],
  ["default_0_1_0", OF_STACK, environment],
  // A plugin that was started by hand has not the engine's environment.
  ["default", OF_STACK, {}],
  ["one", { apiKey: "nyk_of_the_program" }, environment],
])("a provider that is called %s is taken with the settings %j", (name, values, env) => {
  expect(checkConfiguration(urn(name), values, env)).toEqual([]);
});

it("a provider with a key of its own takes no setting from the environment, whatever its resources' namespace is", () => {
  const env = {
    ...environment,
    NYLAS_API_KEY: "nyk_1",
    NYLAS_EU_API_KEY: "nyk_2",
    NYLAS_EU_API_URI: "https://example.com",
  };
  expect(configurationOf("one", { apiKey: "nyk_of_the_program" }, env).settingsEnv).toEqual({});
  expect(configurationOf("one", {}, env).settingsEnv).toEqual(env);
  expect(configurationOf("default", {}, env).settingsEnv).toEqual(env);
});

it("the page for a hosted log-in is that of the provider's own settings", async () => {
  const env = { ...environment, NYLAS_REGION: "eu" };
  const { config, settingsEnv } = configurationOf("one", { apiKey: "nyk_of_the_program" }, env);
  const host = { ...nodeProcess(config), env, settingsEnv };
  const login = { clientId: "c", redirectUri: "https://example.com/callback" };
  const answer = await FUNCTIONS["nylas:index:hostedAuthUrl"]?.(host, login);
  expect(answer).toMatchObject({ result: { url: expect.stringContaining("https://api.us.nylas.com/") } });
});
