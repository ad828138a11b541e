import { answer } from "../../conventions/answer.js";
import { optionalObject, optionalText, readObject } from "../../conventions/body.js";
import { ApiError } from "../../conventions/errors.js";
import type { Api } from "../../http/context.js";
import { PROVIDERS } from "../connector-providers.js";
import { grantView } from "../grants/grant-view.js";
import { type AuthenticationDependencies, authenticateImap } from "./authenticate.js";
import { readImapSettings } from "./settings.js";

export function customAuthRoutes(api: Api, dependencies: AuthenticationDependencies): void {
  const { behaviors } = dependencies;

  api.post("/v3/connect/custom", async (context) => {
    const body = await readObject(context);
    const provider = optionalText(body, "provider");
    if (!provider || !PROVIDERS.includes(provider)) {
      throw ApiError.of("providerRequired");
    }
    if (provider !== "imap") throw ApiError.of("providerNotPlayed");
    const settings = optionalObject(body, "settings");
    if (settings === undefined) throw ApiError.of("settingsMissing");
    const state = optionalText(body, "state");
    const { grant, created } = await authenticateImap(dependencies, context, readImapSettings(settings), state);
    return answer(context, grantView(grant, behaviors), created || behaviors.reauthStatus === "201" ? 201 : 200);
  });
}
