import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import rpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type StartedProcess, startProcess } from "../../tools/harness/processes.mjs";
import { present, TestEmulator } from "../../tools/harness/test-emulator.js";

const PLUGIN = join(import.meta.dirname, "../../provider/plugin");
const GRANT = "nylas:index:ByoImapGrant";

let emulator: TestEmulator;
let child: StartedProcess;
let client: InstanceType<typeof rpc.ResourceProviderClient>;

beforeAll(async () => {
  emulator = await TestEmulator.start();
  // As the engine starts it: from the project's directory.
  const env = { ...process.env, ...emulator.env };
  child = startProcess(join(PLUGIN, "pulumi-resource-nylas"), ["127.0.0.1:0"], { cwd: tmpdir(), env });
  const [port] = await once(createInterface({ input: child.stdout }), "line");
  client = new rpc.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  const ended = once(child, "exit");
  child.kill("SIGINT");
  await ended;
  await emulator.close();
});

/** What the plugin lists, or why it does not. */
async function listed(token: string, query: Record<string, string> = {}, limit = 0) {
  const request = new messages.ListRequest();
  request.setToken(token);
  request.setQuery(struct.Struct.fromJavaScript(query));
  request.setLimit(limit);
  const found: { id: string; name: string }[] = [];
  try {
    for await (const response of client.list(request)) {
      const result: InstanceType<typeof messages.ListResponse.Result> = present(response.getResult());
      found.push({ id: result.getId(), name: result.getName() });
    }
  } catch (error) {
    // gRPC's.
    return (error as ServiceError).details;
  }
  return found;
}

it("an application without anything lists nothing", async () => {
  expect(await listed("nylas:index:ImapConnector")).toEqual([]);
  expect(await listed(GRANT)).toEqual([]);
});

it("grants are listed by status and up to a limit, and the connector by its name", async () => {
  await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "mail" });
  const grants = [await emulator.foreignGrant(0), await emulator.foreignGrant(1)];
  const [first, second] = grants.map(({ id, email }) => ({ id, name: email }));
  await emulator.forgetRequests();
  expect(await listed("nylas:index:ImapConnector")).toEqual([{ id: "imap", name: "mail" }]);
  expect(await listed(GRANT)).toEqual([first, second]);
  expect(await listed(GRANT, {}, 1)).toEqual([first]);
  await emulator.call("PATCH", `/_emulator/grants/${present(second).id}`, { grant_status: "invalid" });
  expect(await listed(GRANT, { status: "invalid" })).toEqual([second]);
  expect(await listed(GRANT, { status: "valid" })).toEqual([first]);
  expect(await emulator.writes()).toEqual([]);
});

it("a list that fails says why", async () => {
  expect(await listed("nylas:index:Mailbox")).toBe("this provider lists no nylas:index:Mailbox");
  await emulator.faults({ method: "GET", path: "/v3/grants", status: 403 });
  expect(await listed(GRANT)).toMatch(/^Listing the application.s grants: .*403/s);
  await emulator.faults();
});

it("the launcher for Windows starts the file beside it", () => {
  const launcher = readFileSync(join(PLUGIN, "pulumi-resource-nylas.cmd"), "utf8");
  const [, file = ""] = /^@node [-=\w]+ "%~dp0([^"]+)" %\*\r\n$/.exec(launcher) ?? [];
  expect(existsSync(join(PLUGIN, file)), launcher).toBe(true);
  expect(file).not.toBe("");
});
