import { answer } from "../conventions/answer.js";
import type { Api } from "../http/context.js";
import type { Store } from "../store/store.js";

export interface ApplicationDependencies {
  store: Pick<Store, "applicationId" | "organizationId">;
}

export function applicationRoutes(api: Api, { store }: ApplicationDependencies): void {
  // Nylas: an object and not a list, because an API key belongs to exactly one application.
  api.get("/v3/applications", (context) =>
    answer(context, {
      application_id: store.applicationId,
      organization_id: store.organizationId,
      region: "us",
      environment: "staging",
      branding: { name: "Nylas emulator" },
      hosted_authentication: {},
      callback_uris: [],
    }),
  );
}
