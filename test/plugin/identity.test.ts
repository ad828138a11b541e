import { expect, it } from "vitest";
import { ownerDigest } from "../../provider/src/core/ownership/marker.js";
import { identityOf } from "../../provider/src/hosts/plugin/identity.js";

const PLACE = ["acme", "mail", "prod"];
/** What the dynamic host writes in a backend with organizations. */
const DYNAMIC = {
  __provider: "the code of the other host",
  owner: ownerDigest([...PLACE, "pulumi-nodejs:dynamic/nylas:ByoImapGrant", "ops"]),
  stack: ownerDigest(PLACE),
};

const urn = (name: string, stack = "prod") => `urn:pulumi:${stack}::mail::nylas:index:ByoImapGrant::${name}`;

it("keeps what the dynamic host has written, over any number of runs", () => {
  const moved = identityOf(urn("ops"), DYNAMIC);
  expect(moved).toMatchObject({ owner: DYNAMIC.owner, stack: DYNAMIC.stack });
  expect(identityOf(urn("ops"), moved)).toEqual(moved);
});

it("gives a renamed resource another owner and the same stack", () => {
  const renamed = identityOf(urn("mail"), identityOf(urn("ops"), DYNAMIC));
  expect(renamed.owner).toBe(identityOf(urn("mail"), {}).owner);
  expect(renamed.stack).toBe(DYNAMIC.stack);
  expect(identityOf(urn("mail"), renamed)).toEqual(renamed);
});

it("gives a resource of another stack that stack's names", () => {
  const moved = identityOf(urn("ops"), DYNAMIC);
  expect(identityOf(urn("ops", "test"), moved)).toEqual(identityOf(urn("ops", "test"), {}));
});
