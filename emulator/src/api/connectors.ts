import type { Behaviors } from "../behaviors.js";
import { answer, answerDeleted, answerPage } from "../conventions/answer.js";
import { optionalObject, optionalText, optionalTexts, readObject } from "../conventions/body.js";
import { ApiError, notFound } from "../conventions/errors.js";
import { pageOf } from "../conventions/query.js";
import type { Api, ApiContext } from "../http/context.js";
import type { Store } from "../store/store.js";
import type { StoredConnector } from "../store/types.js";
import { PROVIDERS } from "./connector-providers.js";
import { relatedIdsOfConnector } from "./related-ids.js";

export interface ConnectorDependencies {
  store: Pick<Store, "connectors" | "connector" | "addConnector" | "updateConnector" | "deleteConnector">;
  behaviors: Behaviors;
}

export function connectorRoutes(api: Api, dependencies: ConnectorDependencies): void {
  const { store, behaviors } = dependencies;

  api.get("/v3/connectors", (context) => {
    const views = store.connectors().map((connector) => connectorView(connector, behaviors));
    return answerPage(context, views, pageOf(context));
  });

  api.post("/v3/connectors", async (context) => {
    const body = await readObject(context);
    const provider = optionalText(body, "provider");
    if (!provider || !PROVIDERS.includes(provider)) {
      throw ApiError.of("connectorProviderUnknown", { providers: PROVIDERS.join(", ") });
    }
    const name = optionalText(body, "name");
    const connector: StoredConnector = {
      provider,
      ...(name ? { name } : {}),
      settings: optionalObject(body, "settings") ?? {},
      scope: optionalTexts(body, "scope") ?? [],
    };
    if (store.connector(provider) !== undefined) {
      const status = behaviors.duplicateConnector === "409" ? 409 : 400;
      throw ApiError.of("connectorExists", { provider, status });
    }
    await store.addConnector(connector);
    return answer(context, connectorView(connector, behaviors), 201);
  });

  api.get("/v3/connectors/:provider", (context) => {
    return answer(context, connectorView(findConnector(context, dependencies), behaviors));
  });

  const updateConnector = async (context: ApiContext): Promise<Response> => {
    const { provider } = findConnector(context, dependencies);
    const body = await readObject(context);
    const name = optionalText(body, "name");
    const settings = optionalObject(body, "settings");
    const scope = optionalTexts(body, "scope");
    // Nylas: omitted fields are kept, nested objects are replaced as a whole.
    const connector = await store.updateConnector(provider, {
      ...(name === undefined ? {} : { name }),
      ...(settings === undefined ? {} : { settings }),
      ...(scope === undefined ? {} : { scope }),
    });
    if (connector === undefined) throw notFound("other", behaviors);
    return answer(context, connectorView(connector, behaviors));
  };
  api.patch("/v3/connectors/:provider", updateConnector);

  // Nylas's Node SDK 8.4 updates connectors with PUT, all other clients with PATCH.
  api.put("/v3/connectors/:provider", (context) => {
    if (behaviors.connectorPut === "200") return updateConnector(context);
    throw ApiError.of("connectorPut");
  });

  api.delete("/v3/connectors/:provider", async (context) => {
    await store.deleteConnector(findConnector(context, dependencies).provider);
    return answerDeleted(context);
  });
}

function findConnector(context: ApiContext, { store, behaviors }: ConnectorDependencies): StoredConnector {
  const connector = store.connector(context.req.param("provider") ?? "");
  if (connector === undefined) throw notFound("other", behaviors);
  return connector;
}

function connectorView(connector: StoredConnector, behaviors: Behaviors): Record<string, unknown> {
  const { provider, settings, scope } = connector;
  const name = shownName(connector, behaviors);
  return { ...(name === undefined ? {} : { name }), provider, settings, scope, ...relatedIdsOfConnector(behaviors) };
}

function shownName({ name, provider }: StoredConnector, behaviors: Behaviors): string | undefined {
  if (name === undefined) return behaviors.unnamedConnector === "absent" ? undefined : provider;
  if (behaviors.connectorName === "absent") return undefined;
  return behaviors.connectorName === "given" ? name : provider;
}
