import * as pulumi from "@pulumi/pulumi";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type AccessError,
  type AlreadyExistsError,
  type ConnectorError,
  CredentialsError,
  type GrantStatus,
  getGrant,
  getGrantOutput,
  hostedAuthUrlOutput,
  type InvalidInputError,
  type MailServerError,
  NotFoundError,
  NylasError,
  type NylasErrorCode,
  type NylasErrorFacts,
  UnavailableError,
  type UnexpectedResponseError,
} from "../../provider/dist/index.js";

// `tsc` checks what this file expects of types: `expectTypeOf`, and each `@ts-expect-error`.

const facts = { operation: "Trying", answer: "it failed", remedy: "try again" };

describe("the code of a caught error", () => {
  it("is one of all codes for a NylasError, and one of its own for each subclass", () => {
    const caught: unknown = new CredentialsError({ ...facts, code: "auth_limit_reached" });
    if (!(caught instanceof NylasError)) throw caught;
    expectTypeOf(caught.code).toEqualTypeOf<NylasErrorCode>();
    // @ts-expect-error no such code
    expect(caught.code === "auth_limit_reach").toBe(false);
    if (!(caught instanceof CredentialsError)) throw caught;
    expectTypeOf(caught.code).toEqualTypeOf<"invalid_credentials" | "auth_limit_reached">();
    expect(caught.code).toBe("auth_limit_reached");
    expect(Object.keys(caught)).toContain("code");
  });

  it("is of exactly one subclass", () => {
    type Codes =
      | AccessError["code"]
      | AlreadyExistsError["code"]
      | ConnectorError["code"]
      | CredentialsError["code"]
      | InvalidInputError["code"]
      | MailServerError["code"]
      | NotFoundError["code"]
      | UnavailableError["code"]
      | UnexpectedResponseError["code"];
    expectTypeOf<Codes>().toEqualTypeOf<NylasErrorCode>();
  });

  it("cannot be that of another class", () => {
    const timeout: NylasErrorFacts<"timeout"> = { ...facts, code: "timeout" };
    expect(new UnavailableError(timeout).name).toBe("UnavailableError");
    // @ts-expect-error a NotFoundError has the code `not_found`
    expect(new NotFoundError(timeout)).toBeInstanceOf(NylasError);
  });
});

describe("the arguments of hostedAuthUrlOutput", () => {
  it("may be outputs, and have no other names", () => {
    const link = { clientId: pulumi.output("id"), redirectUri: "http://localhost:3000/" };
    expectTypeOf(hostedAuthUrlOutput(link)).toEqualTypeOf<pulumi.Output<string>>();
    // @ts-expect-error the name is loginHint
    expectTypeOf(hostedAuthUrlOutput({ ...link, hint: "ops@example.com" })).toEqualTypeOf<pulumi.Output<string>>();
  });
});

describe("the arguments of getGrant", () => {
  it("are an id or an address, and not both", () => {
    const id = "an-id";
    const email = "ops@example.com";
    const calls = () => [
      getGrant({ id }),
      getGrant({ email }),
      // @ts-expect-error neither
      getGrant({}),
      // @ts-expect-error both
      getGrant({ id, email }),
    ];
    const outputs = () => [
      getGrantOutput({ id: pulumi.output(id) }),
      getGrantOutput({ email: pulumi.output(email) }),
      // @ts-expect-error neither
      getGrantOutput({}),
      // @ts-expect-error both
      getGrantOutput({ id: pulumi.output(id), email }),
    ];
    expectTypeOf(calls).returns.items.resolves.toHaveProperty("grantStatus").toEqualTypeOf<GrantStatus>();
    expectTypeOf(outputs).returns.items.toHaveProperty("email").toExtend<pulumi.Output<string | undefined>>();
  });
});
