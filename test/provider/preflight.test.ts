import { createServer, type Server } from "node:net";
import tls from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { NylasError } from "../../provider/src/errors.js";
import { preflight } from "../../provider/src/preflight/preflight.js";
import { present, TestEmulator } from "../../tools/harness/test-emulator.js";
import {
  makeServerCertificates,
  type ServerCertificate,
  type ServerCertificates,
} from "../conformance/dovecot/certificates.js";
import { here } from "../support/here.js";

let emulator: TestEmulator;
let certificates: ServerCertificates;
const trusted = tls.getCACertificates("default");
const servers: Server[] = [];

beforeAll(async () => {
  [emulator, certificates] = await Promise.all([TestEmulator.start(), makeServerCertificates(["127.0.0.1"])]);
});

afterAll(() => emulator.close());

afterEach(async () => {
  tls.setDefaultCACertificates(trusted);
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

const trust = () => tls.setDefaultCACertificates([...trusted, present(emulator.emulator.ca)]);

function mailbox(change: Record<string, unknown> = {}) {
  const { username, password } = emulator.user(0);
  return {
    imapUsername: username,
    imapPassword: password,
    imapHost: emulator.imap.host,
    imapPort: emulator.imap.port,
    smtpHost: emulator.smtp.host,
    smtpPort: emulator.smtp.port,
    ...change,
  };
}

/** Starts a server that calls this for each connection. */
async function misbehaving(treat: (socket: import("node:net").Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    treat(socket);
  });
  servers.push(server);
  return portOf(server);
}

/** Starts a TLS server with this certificate. */
function showing({ cert, key }: ServerCertificate, options: tls.TlsOptions = {}): Promise<number> {
  const server = tls.createServer({ cert, key, ...options });
  server.on("tlsClientError", () => {});
  servers.push(server);
  return portOf(server);
}

function portOf(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

async function refusal(change: Record<string, unknown>): Promise<NylasError> {
  const error = await preflight(mailbox(change), "enforce", here().notices).catch((reason: unknown) => reason);
  if (error instanceof NylasError) return error;
  throw new Error(`expected a NylasError, got ${String(error)}`);
}

describe("preflight", () => {
  it("passes when both servers accept the login, with TLS and with STARTTLS", async () => {
    trust();
    await preflight(mailbox(), "enforce", here().notices);
    await preflight(mailbox({ imapPort: present(emulator.emulator.imapStarttls).port }), "enforce", here().notices);
  });

  it("does nothing when it is off", async () => {
    await preflight(mailbox({ imapHost: "no.such.host.invalid" }), "off", here().notices);
  });

  it("warns and goes on", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    await preflight(mailbox({ imapPort: 1 }), "warn", here().notices);
    expect(printed.mock.calls.flat().join()).toMatch(/IMAP at .*: refused/);
    expect(printed.mock.calls.flat().join()).not.toContain(emulator.user(0).password);
    printed.mockRestore();
  });

  it("tells a wrong password from everything else, on either server", async () => {
    trust();
    const imap = await refusal({ imapPassword: "wrong", smtpPassword: emulator.user(0).password });
    expect(imap).toMatchObject({ code: "invalid_credentials" });
    expect(imap.message).toMatch(/IMAP at .*credentials/);
    expect(imap.message).not.toMatch(/SMTP/);
    const smtp = await refusal({ smtpPassword: "wrong" });
    expect(smtp.message).toMatch(/SMTP at .*credentials/);
    expect(smtp.message).not.toMatch(/IMAP/);
  });

  it("has a hint for a refused password with blanks, as Google shows its app passwords", async () => {
    trust();
    expect((await refusal({ imapPassword: "abcd efgh ijkl mnop" })).remedy).toContain("without the blanks");
    expect((await refusal({ smtpPassword: "abcd efgh ijkl mnop" })).remedy).toContain("without the blanks");
    expect((await refusal({ imapPassword: "abcdefghijklmnop" })).remedy).not.toContain("blanks");
  });

  it.each([
    ["an unknown authority", "untrusted", "tls_certificate_untrusted", "NODE_EXTRA_CA_CERTS"],
    ["no authority but itself", "selfSigned", "tls_certificate_untrusted", "NODE_EXTRA_CA_CERTS"],
    ["a date that is over", "expired", "tls_certificate_expired", "renew the certificate"],
    ["another name", "otherName", "tls_certificate_name", "one of the certificate's names"],
  ] as const)(
    "names a certificate with %s, on either server, and what to do",
    async (_name, kind, category, remedy) => {
      tls.setDefaultCACertificates([...trusted, certificates.ca]);
      const port = await showing(certificates[kind]);
      const error = await refusal({ imapPort: port, smtpPort: port });
      expect(error.code).toBe("provider_not_responding");
      expect(error.message).toContain(
        `IMAP at 127.0.0.1:${port}: ${category}; SMTP at 127.0.0.1:${port}: ${category}, `,
      );
      expect(error.message.split(remedy)).toHaveLength(2);
      expect(error.message.match(/tls_certificate_\w+/g)).toEqual([category, category]);
    },
  );

  it.each([
    ["a version of TLS", "good", { maxVersion: "TLSv1.1", minVersion: "TLSv1" }],
    ["a key", "weakKey", {}],
    ["a cipher", "good", { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0" }],
  ] as const)("names %s that is too weak, on either server", async (_name, kind, options) => {
    tls.setDefaultCACertificates([...trusted, certificates.ca]);
    const port = await showing(certificates[kind], { ciphers: "DEFAULT:@SECLEVEL=0", ...options });
    const error = await refusal({ imapPort: port, smtpPort: port });
    expect(error.code).toBe("provider_not_responding");
    expect(error.message.match(/tls_\w+/g)).toEqual(["tls_too_weak", "tls_too_weak"]);
  });

  it("says all of it in a warning", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const port = await showing(certificates.untrusted);
    await preflight(mailbox({ imapPort: port, smtpPort: port }), "warn", here().notices);
    expect(printed.mock.calls.flat()).toEqual([
      expect.stringMatching(/NODE_EXTRA_CA_CERTS.*does not read that file\)$/),
    ]);
    printed.mockRestore();
  });

  it.each([
    ["an unknown host", { imapHost: "no.such.host.invalid" }, "unknown_host"],
    ["a closed port", { imapPort: 1 }, "refused"],
  ])("names %s", async (_name, change, category) => {
    trust();
    expect((await refusal(change)).message).toContain(`IMAP at ${mailbox(change).imapHost}`);
    expect((await refusal(change)).message).toContain(category);
  });

  it("never sends the password in clear: a server without TLS gets none", async () => {
    trust();
    let heard = "";
    const port = await misbehaving((socket) => {
      socket.write("* OK ready\r\n");
      socket.on("data", (data) => {
        heard += data.toString("latin1");
        const tag = /^(\S+) /.exec(data.toString("latin1"))?.[1] ?? "*";
        if (/CAPABILITY/i.test(data.toString("latin1"))) socket.write(`* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n`);
        socket.write(`${tag} OK done\r\n`);
      });
    });
    const error = await refusal({ imapPort: port });
    expect(error.message).toMatch(/IMAP at .*tls_mode/);
    expect(heard).not.toContain(emulator.user(0).password);
    expect(heard).not.toMatch(/LOGIN|AUTHENTICATE/);
  });

  it("names a server that hangs up", async () => {
    trust();
    const port = await misbehaving((socket) => socket.destroy());
    expect((await refusal({ imapPort: port })).message).toMatch(/IMAP at .*closed/);
  });
});
