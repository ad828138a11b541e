import * as v from "valibot";
import { areTwoMailboxes } from "../address.js";
import type { NylasClient } from "./client.js";
import { otherAnswer } from "./grants.js";
import { optionalText, single } from "./wire.js";

const DetectedWire = v.pipe(
  v.object({
    detected: v.optional(v.nullable(v.boolean())),
    provider: optionalText,
    type: optionalText,
    email_address: optionalText,
  }),
  v.transform((wire) => ({
    detected: wire.detected ?? false,
    provider: wire.provider ?? undefined,
    type: wire.type ?? undefined,
    address: wire.email_address ?? undefined,
  })),
);

/** Detects the mail provider of an address; `undefined` if Nylas answers with 404. */
export async function findProvider(
  client: NylasClient,
  email: string,
): Promise<Omit<v.InferOutput<typeof DetectedWire>, "address"> | undefined> {
  const operation = `Detecting the provider of ${email}`;
  const answer = await client.requestIfExists({
    operation,
    method: "POST",
    path: "v3/providers/detect",
    query: { email },
    schema: single(DetectedWire),
  });
  if (answer === undefined) return undefined;
  const { address, ...detected } = answer.data;
  if (address !== undefined && areTwoMailboxes(address, email)) throw otherAnswer(operation, "another address");
  return detected;
}
