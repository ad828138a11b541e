import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import tls from "node:tls";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { TestEmulator } from "../../tools/harness/test-emulator.js";
import { makeCertificates } from "../src/mail-server/certificates.js";

/**
 * What a mail server answers to commands, by their names, and to an EXAMINE of one folder. `TAG` stands for the tag; an empty answer
 * ends the connection.
 */
type Script = Readonly<Record<string, string>>;

const WELL: Script = {
  CAPABILITY: "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\nTAG OK done",
  LIST: '* LIST () "/" INBOX\r\nTAG OK done',
  EXAMINE: "* 1 EXISTS\r\n* OK [UIDVALIDITY 1]\r\nTAG OK [READ-ONLY] done",
  SEARCH: "* SEARCH 1\r\nTAG OK done",
};

/** To the question for the delimiter of folders' names. */
const DELIMITER = '* LIST (\\Noselect) "/" ""\r\nTAG OK done';

let directory: string;
let emulator: TestEmulator;
let server: tls.Server;
let script: Script;
let grant: string;

function answerTo(name: string, argument: string): string {
  return script[`${name} ${argument}`] ?? script[name] ?? "TAG OK done";
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "failures-"));
  const { ca, cert, key } = await makeCertificates(["127.0.0.1"]);
  const file = join(directory, "ca.pem");
  writeFileSync(file, ca);
  server = tls.createServer({ cert, key }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.write("* OK ready\r\n");
    createInterface({ input: socket }).on("line", (line) => {
      const [tag = "", first = "", second = ""] = line.split(" ");
      const name = first.toUpperCase() === "UID" ? second.toUpperCase() : first.toUpperCase();
      const answer = line.endsWith('LIST "" ""') ? DELIMITER : answerTo(name, second.replaceAll('"', ""));
      if (answer === "") socket.destroy();
      else socket.write(`${answer.replaceAll("TAG", tag)}\r\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  emulator = await TestEmulator.start({ mail: false, ca: file });
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  script = WELL;
  // A TCP server's address is an AddressInfo once it listens.
  const { port } = server.address() as AddressInfo;
  const settings = { imap_username: "a@example.test", imap_password: "x", imap_host: "127.0.0.1", imap_port: port };
  ({ id: grant } = await emulator.call<{ id: string }>("POST", "/v3/connect/custom", { provider: "imap", settings }));
});

beforeEach(() => {
  script = WELL;
});

afterAll(async () => {
  await emulator.close();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

async function ask(path: string): Promise<[number, string]> {
  const { apiUri, apiKey } = emulator.emulator;
  const answer = await fetch(`${apiUri}/v3/grants/${grant}/${path}`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  const { error } = (await answer.json()) as { error?: { type: string } };
  return [answer.status, error?.type ?? ""];
}

it.each<[string, Script]>([
  ["cannot open a folder at the moment", { EXAMINE: "TAG NO [UNAVAILABLE] later" }],
  ["refuses to open a folder that it has", { EXAMINE: "TAG NO no" }],
  ["does not search", { SEARCH: "TAG NO no" }],
  ["knows no search", { SEARCH: "TAG BAD what" }],
  ["does not list its folders", { LIST: "TAG NO no" }],
  ["ends the connection when a folder is opened", { EXAMINE: "" }],
  ["ends the connection in the search", { SEARCH: "" }],
  ["ends the connection in the fetch", { FETCH: "" }],
])("a mail server that accepts the password, and then %s, is 504 for whoever reads", async (_name, change) => {
  script = { ...WELL, ...change };
  const isOfFolders = "LIST" in change;
  const one = await ask("messages/%3Cid%40example.test%3E");
  const list = await ask(isOfFolders ? "folders" : "messages");
  expect([list, one]).toEqual([
    [504, "api.provider_error"],
    [504, "api.provider_error"],
  ]);
});

it("a folder that the mail server does not list is 404", async () => {
  script = { ...WELL, EXAMINE: "TAG NO no", LIST: "TAG OK done" };
  expect(await ask("messages?in=Nowhere")).toEqual([404, "api.not_found_error"]);
});

it("a folder that holds only folders is passed over, and has no messages of its own", async () => {
  const folders = '* LIST (\\Noselect \\HasChildren) "/" Parent\r\n* LIST () "/" INBOX\r\nTAG OK done';
  script = { ...WELL, LIST: folders, "EXAMINE Parent": "TAG NO no" };
  expect(await ask("messages/%3Cid%40example.test%3E")).toEqual([404, "api.not_found_error"]);
  expect(await ask("messages?in=Parent")).toEqual([404, "api.not_found_error"]);
});
