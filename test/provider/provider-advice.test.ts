import { expect, it } from "vitest";
import { adviceForAddress, adviceForServer } from "../../provider/src/provider-advice.js";

it.each([
  ["iCloud's SMTP port", adviceForServer("imap.mail.me.com"), "smtp.mail.me.com listens on port 587"],
  ["iCloud's SMTP port, by the address", adviceForAddress("a@icloud.com", "icloud"), "port 587"],
  ["Exchange", adviceForAddress("a@example.com", "ews"), "connector ews"],
  ["Exchange ActiveSync", adviceForAddress("a@example.com", "eas"), "connector ews"],
])("the advice names %s", (_what, advice, text) => {
  expect(advice).toContain(text);
});

it("there is no advice about a server that nobody knows", () => {
  expect([adviceForServer("imap.example.com"), adviceForAddress("a@example.com", "imap")]).toEqual([
    undefined,
    undefined,
  ]);
});
