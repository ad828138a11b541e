import { answer } from "../conventions/answer.js";
import type { Api } from "../http/context.js";
import type { Region } from "../options.js";
import type { Store } from "../store/store.js";

export interface ApplicationDependencies {
  region: Region;
  store: Pick<Store, "applicationId" | "organizationId">;
}

export function applicationRoutes(api: Api, { region, store }: ApplicationDependencies): void {
  // Nylas: an object and not a list, because an API key belongs to exactly one application.
  api.get("/v3/applications", (context) =>
    answer(context, {
      application_id: store.applicationId,
      organization_id: store.organizationId,
      region,
      environment: "staging",
      branding: { name: "Nylas emulator" },
      hosted_authentication: {},
      callback_uris: [],
    }),
  );
}
