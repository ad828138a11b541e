import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Certificates, makeCertificates } from "../../../emulator/src/mail-server/certificates.js";
import { present, TestEmulator } from "../../../tools/harness/test-emulator.js";
import { Wire } from "./wire.js";

let directory: string;
let certificates: Certificates;
let emulator: TestEmulator;

beforeAll(async () => {
  certificates = await makeCertificates(["127.0.0.1"]);
  directory = mkdtempSync(join(tmpdir(), "starttls-"));
  const ca = join(directory, "ca.pem");
  writeFileSync(ca, certificates.ca);
  emulator = await TestEmulator.start({ ca });
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
});

afterAll(async () => {
  await emulator.close();
  rmSync(directory, { recursive: true, force: true });
});

describe("commands in clear behind STARTTLS", () => {
  const { username, password } = { username: "ops@example.test", password: "x" };

  it.each([
    ["a command", "I1 NOOP\r\n"],
    ["a log-in", `I1 LOGIN ${username} ${password}\r\nI2 LIST "" *\r\n`],
    ["half a command", "I1 NO"],
    ["half a literal", `I1 LOGIN {30+}\r\n${username}`],
    ["the start of an authentication", "I1 AUTHENTICATE PLAIN\r\n"],
    ["another STARTTLS", "I1 STARTTLS\r\nI2 NOOP\r\n"],
    ["a LOGOUT", "I1 LOGOUT\r\n"],
  ])("are forgotten: %s", async (_, injected) => {
    const port = present(emulator.emulator.imapStarttls).port;
    const wire = Wire.plain(port, present(emulator.emulator.ca));
    await wire.has(/^\* OK .*\r\n/);
    await wire.send(`S STARTTLS\r\n${injected}`);
    await wire.has(/^S OK .*\r\n/m);
    expect(await wire.upgrade()).toBe(true);
    await wire.send('P NOOP\r\nQ LIST "" *\r\nR LOGOUT\r\n');
    await wire.ended();
    expect(wire.received.split(/^S OK .*\r\n/m)[1]).toBe(
      "P OK Done\r\nQ BAD Log in first\r\n* BYE Logging out\r\nR OK Done\r\n",
    );
  });
});

describe("answers in clear behind STARTTLS", () => {
  /** More bytes than the client can have requested by then. */
  const TAGS = Array.from({ length: 20 }, (_, index) => String(index + 1));
  /** A server behind an attacker that injects answers before TLS. Under TLS it refuses every password. */
  async function between(greeting: string, injected: string): Promise<{ server: Server; logins: string[] }> {
    const logins: string[] = [];
    const answerUnderTls = (socket: Socket) => {
      socket.on("data", (chunk) => {
        for (const line of chunk.toString().split("\r\n").filter(Boolean)) {
          const [tag, name = ""] = line.split(" ");
          if (/^(?:LOGIN|AUTHENTICATE)$/i.test(name)) logins.push("under TLS");
          const isCapability = name.toUpperCase() === "CAPABILITY";
          if (isCapability) socket.write("* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n");
          socket.write(`${tag} ${isCapability ? "OK" : "NO [AUTHENTICATIONFAILED]"} so\r\n`);
        }
      });
    };
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.write(greeting);
      socket.on("data", (chunk) => {
        for (const line of chunk.toString("latin1").split("\r\n").filter(Boolean)) {
          const [tag, name = ""] = line.split(" ");
          if (/^(?:LOGIN|AUTHENTICATE)$/i.test(name)) logins.push("in clear");
          if (name.toUpperCase() === "CAPABILITY") {
            socket.write(`* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\n${tag} OK so\r\n`);
          }
          if (name.toUpperCase() !== "STARTTLS") continue;
          socket.removeAllListeners("data");
          socket.write(`${tag} OK go on\r\n${injected}`);
          const { key, cert } = certificates;
          const secure = new tls.TLSSocket(socket, {
            isServer: true,
            secureContext: tls.createSecureContext({ key, cert }),
          });
          secure.on("error", () => secure.destroy());
          answerUnderTls(secure);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { server, logins };
  }

  it.each([
    // The control case: the client trusts this server and sends its password.
    ["nothing", "* OK hello\r\n", "", ["under TLS"]],
    ["a log-in that went well", "* OK hello\r\n", TAGS.map((tag) => `${tag} OK Logged in\r\n`).join(""), []],
    ["capabilities and a log-in", "* OK hello\r\n", "* CAPABILITY IMAP4rev1\r\nA1 OK Logged in\r\n", []],
    ["being logged in already", "* PREAUTH hello\r\n", "", []],
  ])("do not make a log-in of the emulator's: %s", async (_, greeting, injected, tried) => {
    const { server, logins } = await between(greeting, injected);
    try {
      const address = server.address();
      const port = typeof address === "object" ? address?.port : undefined;
      const settings = {
        imap_username: "who@example.test",
        imap_password: "Kn0ck-in-clear",
        imap_host: "127.0.0.1",
        imap_port: port,
      };
      const grant = emulator.call("POST", "/v3/connect/custom", { provider: "imap", settings });
      await expect(grant).rejects.toThrow(/: 4\d\d |: 5\d\d /);
      expect(logins, "log-ins that were tried").toEqual(tried);
      expect(await emulator.grants()).toEqual([]);
    } finally {
      server.close();
    }
  });
});
