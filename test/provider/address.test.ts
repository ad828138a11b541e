import { describe, expect, it } from "vitest";
import { areTwoMailboxes, isAddress, sameMailbox } from "../../provider/src/address.js";

describe("one mailbox", () => {
  it.each([
    ["ops@example.com", "OPS@Example.COM"],
    ["ops@bücher.example", "ops@xn--bcher-kva.example"],
    ["ops@BÜCHER.example", "Ops@XN--BCHER-KVA.Example"],
    ["ops@bücher.example", "ops@bu\u0308cher.example"],
    ["jörg@example.com", "JO\u0308RG@example.com"],
    ["CORP\\ops", "corp\\OPS"],
  ])("is %s and %s", (left, right) => {
    expect(sameMailbox(left, right)).toBe(true);
    expect(areTwoMailboxes(left, right)).toBe(false);
  });

  it.each([
    ["ops@example.com", "ops@example.org"],
    ["ops@example.com", "billing@example.com"],
    ["ops@bücher.example", "ops@bucher.example"],
    ["ops@127.1", "ops@127.0.0.1"],
    ["ops@ex%61mple.com", "ops@example.com"],
    ["ops@bücher.example\\shared", "ops@bücher.example"],
    ["ops", "ops@example.com"],
  ])("is not %s and %s", (left, right) => {
    expect(sameMailbox(left, right)).toBe(false);
  });
});

describe("an address", () => {
  it.each([
    "o'brien@example.com",
    "r&d@example.com",
    "ops@localhost",
    "ops@bücher.example",
    "ops@xn--bcher-kva.example",
    "jörg@example.com",
    "運用@例え.example",
    "ops@نامه\u200cای.example",
    "a..b.@example.com",
    '"a@b"@example.com',
    "ops@[192.0.2.1]",
    "ops@[IPv6:2001:db8::1]",
  ])("is %s", (name) => {
    expect(isAddress(name)).toBe(true);
  });

  it.each([
    "ops",
    "CORP\\ops",
    "ops@",
    "@example.com",
    "a@b@c",
    "ops@example.com\\shared",
    "ops@a..b",
    "ops@example.com ",
  ])("is not %j", (name) => {
    expect(isAddress(name)).toBe(false);
  });

  it("says nothing about a mailbox with a log-in name", () => {
    expect(areTwoMailboxes("ops", "billing@example.com")).toBe(false);
    expect(areTwoMailboxes("ops@example.com", "billing@example.com")).toBe(true);
  });
});
