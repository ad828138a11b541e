import type { ServerUnaryCall, ServiceError, sendUnaryData } from "@grpc/grpc-js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statusMessages from "@pulumi/pulumi/proto/status_pb.js";
import { connectorLifecycle } from "../../provider/src/core/connector/lifecycle.js";
import { grantLifecycle } from "../../provider/src/core/grant/lifecycle.js";
import { secretNames } from "../../provider/src/core/properties/validate.js";
import type { Values } from "../../provider/src/core/properties/values.js";
import { serveEngine } from "../../provider/src/hosts/plugin/server.js";
import { marshal, unmarshal } from "../../provider/src/hosts/plugin/values.js";
import type { Kind, Methods } from "./engine-model.js";
import { PROJECT } from "./program.js";

const TYPES: Readonly<Record<Kind, string>> = {
  connector: "nylas:index:ImapConnector",
  grant: "nylas:index:ByoImapGrant",
};
const SECRETS = [connectorLifecycle, grantLifecycle].flatMap(({ properties }) => secretNames(properties));
/** What the classes of the other host add to a program's arguments. */
const OF_CLASSES = ["owner", "stack"];
const FAILED_INITIALIZATION = "pulumirpc.ErrorResourceInitFailed";

interface Message {
  serializeBinary(): Uint8Array;
}

/** The methods of one process of the plugin, as Pulumi's engine calls them: each message goes through its wire format. */
export async function nativeMethods(
  settings: Readonly<Record<string, string>>,
  stackName: () => string,
): Promise<(resource: { kind: Kind; name: string }) => Methods> {
  const served = serveEngine("0.0.0");
  const configuration = new messages.ConfigureRequest();
  configuration.setName("default");
  configuration.setArgs(marshal(settings, ["apiKey"]));
  await call(served.configure, messages.ConfigureRequest, configuration);

  return ({ kind, name }) => {
    const urn = `urn:pulumi:${stackName()}::${PROJECT}::${TYPES[kind]}::${name}`;
    return {
      check: async (olds, news) => {
        const request = new messages.CheckRequest();
        request.setUrn(urn);
        request.setOlds(marshal(olds, SECRETS));
        const given = Object.entries(news).filter(([argument]) => !OF_CLASSES.includes(argument));
        request.setNews(marshal(Object.fromEntries(given), SECRETS));
        const response = await call(served.check, messages.CheckRequest, request);
        const failures = response.getFailuresList();
        return {
          inputs: unmarshal(response.getInputs()).values,
          failures: failures.map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() })),
        };
      },
      diff: async (id, olds, news) => {
        const request = new messages.DiffRequest();
        request.setId(id);
        request.setUrn(urn);
        request.setOlds(marshal(olds, SECRETS));
        request.setNews(marshal(news, SECRETS));
        const response = await call(served.diff, messages.DiffRequest, request);
        return {
          changes: response.getChanges() === messages.DiffResponse.DiffChanges.DIFF_SOME,
          replaces: response.getReplacesList(),
          deleteBeforeReplace: response.getDeletebeforereplace(),
        };
      },
      create: async (inputs) => {
        const request = new messages.CreateRequest();
        request.setUrn(urn);
        request.setProperties(marshal(inputs, SECRETS));
        const response = await call(served.create, messages.CreateRequest, request);
        return { id: response.getId(), outs: unmarshal(response.getProperties()).values };
      },
      read: async (id, props, inputs) => {
        const request = new messages.ReadRequest();
        request.setId(id);
        request.setUrn(urn);
        request.setProperties(marshal(props, SECRETS));
        request.setInputs(marshal(inputs, SECRETS));
        const response = await call(served.read, messages.ReadRequest, request);
        return {
          id: response.getId(),
          props: unmarshal(response.getProperties()).values,
          inputs: unmarshal(response.getInputs()).values,
        };
      },
      update: async (id, olds, news) => {
        const request = new messages.UpdateRequest();
        request.setId(id);
        request.setUrn(urn);
        request.setOlds(marshal(olds, SECRETS));
        request.setNews(marshal(news, SECRETS));
        const response = await call(served.update, messages.UpdateRequest, request);
        return { outs: unmarshal(response.getProperties()).values };
      },
      delete: async (id, props: Values) => {
        const request = new messages.DeleteRequest();
        request.setId(id);
        request.setUrn(urn);
        request.setProperties(marshal(props, SECRETS));
        await call(served.delete, messages.DeleteRequest, request);
      },
    };
  };
}

/** Calls a method of the plugin in this process. Through a socket, the call would lose the clock of its simulation. */
function call<Request extends Message, Response>(
  method: (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>) => Promise<void>,
  { deserializeBinary }: { deserializeBinary(bytes: Uint8Array): Request },
  request: Request,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const received = { request: deserializeBinary(request.serializeBinary()) };
    // The methods read the request alone.
    method(received as ServerUnaryCall<Request, Response>, (error, response) => {
      if (error !== null) reject(failureOf(error));
      else if (response !== null && response !== undefined) resolve(response);
    }).catch(reject);
  });
}

/** The error as the engine takes it: gRPC sends its message, and of a failed initialization, it saves the object. */
function failureOf({ message = "", metadata }: Partial<ServiceError>): Error {
  const [packed] = metadata?.get("grpc-status-details-bin") ?? [];
  if (!(packed instanceof Buffer)) return new Error(message);
  const [detail] = statusMessages.Status.deserializeBinary(packed).getDetailsList();
  const failed = detail?.unpack(messages.ErrorResourceInitFailed.deserializeBinary, FAILED_INITIALIZATION);
  if (failed === undefined || failed === null) return new Error(message);
  return Object.assign(new Error(message), {
    id: failed.getId(),
    properties: unmarshal(failed.getProperties()).values,
    reasons: failed.getReasonsList(),
  });
}
