import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { readConnectorState, writeConnectorState } from "../../provider/src/core/connector/state.js";
import { readGrantState, writeGrantState } from "../../provider/src/core/grant/state.js";

const RELEASED = join(import.meta.dirname, "../package/released-states");
const Exported = v.object({
  deployment: v.object({
    resources: v.array(v.object({ type: v.string(), outputs: v.optional(v.record(v.string(), v.unknown())) })),
  }),
});

/** The outputs of each resource of a type in the states of released versions. */
function released(type: string): [string, Record<string, unknown>][] {
  return readdirSync(RELEASED).flatMap((file) => {
    const text = readFileSync(join(RELEASED, file), "utf8");
    const { deployment } = v.parse(Exported, JSON.parse(text));
    return deployment.resources.flatMap(({ type: other, outputs }) =>
      other.endsWith(`:${type}`) && outputs !== undefined ? [[file, outputs] as [string, typeof outputs]] : [],
    );
  });
}

describe("the state of a grant", () => {
  it.each(released("ByoImapGrant"))("of %s is written as it was read", (_file, outputs) => {
    expect(writeGrantState(readGrantState(outputs))).toEqual(outputs);
    expect(readGrantState(outputs)).toMatchObject({ adopted: false, marker: { adopted: false } });
  });

  it.each([
    { __provider: "code", imapUsername: "ops@example.test", smtpHost: null },
    { marker: "pulumi-nylas-imap:2:aa:bb:cc:adopted:dd", heldElsewhere: true, verified: false },
    { email: "ops@example.test", grantStatus: "suspended", adopted: true, applicationId: "a", deleteAdopted: true },
    {},
  ])("is written as it was read: %o", (outputs) => {
    expect(writeGrantState(readGrantState(outputs))).toEqual(outputs);
  });

  it("has no output of another type than this version writes", () => {
    const state = readGrantState({ email: 1, adopted: "yes", marker: "somebody's", owner: null });
    expect([state.email, state.adopted, state.marker, state.declared.owner]).toEqual(Array(4).fill(undefined));
  });
});

describe("the state of a connector", () => {
  it.each(released("ImapConnector"))("of %s is written as it was read", (_file, outputs) => {
    expect(writeConnectorState(readConnectorState(outputs))).toEqual(outputs);
    expect(readConnectorState(outputs)).toMatchObject({ name: "mail", provider: "imap" });
  });

  it.each([{ provider: "imap", name: "mail", requestedName: "post", heldElsewhere: true, heldBy: "aa" }, {}])(
    "is written as it was read: %o",
    (outputs) => {
      expect(writeConnectorState(readConnectorState(outputs))).toEqual(outputs);
    },
  );
});
