import { readFileSync } from "node:fs";
import tls from "node:tls";
import { TestEmulator } from "../../../tools/harness/test-emulator.js";
import { Dovecot } from "./dovecot.js";

/** A Dovecot, and an emulator with a connector that trusts it, as this process does. */
export interface MailSurroundings {
  dovecot: Dovecot;
  emulator: TestEmulator;
  close(): Promise<void>;
}

/** Users are passwords by user name. */
export async function startDovecotAndEmulator(passwords: Record<string, string>): Promise<MailSurroundings> {
  const authorities = tls.getCACertificates("default");
  const dovecot = await Dovecot.start(passwords);
  // Nylas refuses passwords with characters outside ASCII; what is tested here is how clients and Dovecot treat them.
  const behavior = { nonAsciiPassword: "accepted" };
  const emulator = await TestEmulator.start({ mail: false, ca: dovecot.ca, behavior });
  await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "mail" });
  tls.setDefaultCACertificates([...authorities, readFileSync(dovecot.ca, "utf8")]);
  return {
    dovecot,
    emulator,
    close: async () => {
      tls.setDefaultCACertificates(authorities);
      await emulator.close();
      await dovecot.stop();
    },
  };
}
