import * as v from "valibot";
import { type NylasClient, unlessMissing } from "./client.js";
import { single, text } from "./wire.js";

const DetectedWire = v.pipe(
  v.object({ detected: v.optional(v.nullable(v.boolean())), provider: text, type: text }),
  v.transform((wire) => ({
    detected: wire.detected ?? false,
    provider: wire.provider ?? undefined,
    type: wire.type ?? undefined,
  })),
);

/** What Nylas knows of an address's mail provider; `undefined` when it says 404. */
export async function findProvider(
  client: NylasClient,
  email: string,
): Promise<v.InferOutput<typeof DetectedWire> | undefined> {
  const answer = await unlessMissing(() =>
    client.request({
      operation: `Detecting the provider of ${email}`,
      method: "POST",
      path: "/v3/providers/detect",
      query: { email },
      schema: single(DetectedWire),
    }),
  );
  return answer?.value.data;
}
