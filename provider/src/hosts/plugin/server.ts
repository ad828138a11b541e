import { Metadata, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData, status } from "@grpc/grpc-js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statusMessages from "@pulumi/pulumi/proto/status_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import type { CheckFailure } from "../../core/properties/validate.js";
import type { Values } from "../../core/properties/values.js";
import { PartialFailure, type ResourceServer, serveResource } from "../../core/resource-server.js";
import { finishNotices, forgetRuns } from "../../core/session.js";
import type { Host, Wording } from "../../host.js";
import { noticesTo } from "../../notices.js";
import { keepSecret } from "../../redact.js";
import { DEFAULT_APPLICATION, SETTING_NAMES } from "../../settings.js";
import { nodeProcess } from "../node-process.js";
import {
  checkConfiguration,
  configurationOf,
  DEFAULT_PROVIDER_WORDING,
  declaredProviderWording,
} from "./configuration.js";
import { differenceMessage } from "./differences.js";
import { about, connectEngine, show } from "./engine.js";
import { clientOf, FUNCTIONS } from "./functions.js";
import { KEPT_FOR, parseUrn } from "./identity.js";
import { declared, planned, RESOURCES, type ResourceType, unknownArguments, withIgnored } from "./resources.js";
import schema from "./schema.json" with { type: "json" };
import { marshal, unmarshal } from "./values.js";

/** Programs are in any language. */
const WORDING: Omit<Wording, "staleSettings" | "setting"> = {
  newConnector: "a resource nylas:index:ImapConnector",
  getGrant: (id) => `the function getGrant and its id "${id}"`,
  alias: "`aliases` with its old name",
  absentSecret: "not given, or is under ignoreChanges",
  withoutReplaceOnChanges: "take `replaceOnChanges` off it",
  deleteFirst:
    "if this run replaces it on purpose (--replace, a taint, `replacementTrigger` or `replaceWith`), give the resource the option " +
    "`deleteBeforeReplace` with true; if not, leave that out, and run `pulumi state untaint` with its URN if it is tainted",
  toMove:
    "If the resource was given another provider, give the resource its earlier provider again and run `pulumi up`. To move it, then " +
    "take it out of the program, run `pulumi up`, and declare it with the other provider or key",
};

/** Of a provider that the program declares; the default one has the present settings. */
const STALE_SETTINGS =
  "If the program gives the right ones by now: plain `refresh` and `destroy` use those that the provider had at the last `up`, so add " +
  "`--run-program`, or run plain `pulumi up` first, which saves the new ones";

interface Served extends ResourceType {
  server: ResourceServer;
}

/** The methods of the engine's protocol, for one provider of a program. */
export function serveEngine(version: string) {
  let cancelled = new AbortController();
  let host = hostWith("", {});
  let served = serveWith(host);

  function hostWith(provider: string, saved: Values): Host {
    const { config, settingsEnv, isDefault, hasOwnKey } = configurationOf(provider, saved, process.env);
    const here = nodeProcess(config);
    return {
      ...here,
      settingsEnv,
      notices: noticesTo(show, process.env),
      signal: cancelled.signal,
      wording: {
        ...WORDING,
        setting: isDefault ? DEFAULT_PROVIDER_WORDING : declaredProviderWording(hasOwnKey),
        staleSettings: isDefault ? "" : STALE_SETTINGS,
      },
    };
  }

  function resourceOf(request: { getUrn(): string }): Served {
    const { type } = parseUrn(request.getUrn());
    const resource = served[type];
    if (resource === undefined) throw new Error(`this provider has no resource ${type}`);
    return resource;
  }

  return {
    handshake: unary((request: InstanceType<typeof messages.ProviderHandshakeRequest>) => {
      connectEngine(request.getEngineAddress());
      const response = new messages.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      return response;
    }),
    attach: unary((request: InstanceType<typeof pluginMessages.PluginAttach>) => {
      connectEngine(request.getAddress());
      return new empty.Empty();
    }),
    getPluginInfo: unary(() => {
      const response = new pluginMessages.PluginInfo();
      response.setVersion(version);
      return response;
    }),
    getSchema: unary(() => {
      const response = new messages.GetSchemaResponse();
      response.setSchema(JSON.stringify({ ...schema, version }));
      return response;
    }),
    /** Also arrives at the end of every run. */
    cancel: unary(() => {
      cancelled.abort();
      finishNotices();
      return new empty.Empty();
    }),

    checkConfig: unary((request: InstanceType<typeof messages.CheckRequest>) => {
      const { values, secrets } = unmarshal(request.getNews());
      return checkMessage(values, [...secrets, "apiKey"], checkConfiguration(request.getUrn(), values, process.env));
    }),
    /** Nothing replaces a provider: its resources would be replaced with it. */
    diffConfig: unary((request: InstanceType<typeof messages.DiffRequest>) => {
      const [olds, news] = [unmarshal(request.getOlds()).values, unmarshal(request.getNews()).values];
      const changed = SETTING_NAMES.filter((name) => olds[name] !== news[name]);
      return differenceMessage(changed, [], olds, news);
    }),
    configure: unary((request: InstanceType<typeof messages.ConfigureRequest>) => {
      const { values } = unmarshal(request.getArgs());
      // A plugin that was started by hand outlives the engine's runs.
      cancelled = new AbortController();
      forgetRuns();
      host = hostWith(request.getName() ?? "", values);
      served = serveWith(host);
      const apiKey = host.config(`${DEFAULT_APPLICATION}:apiKey`);
      if (apiKey !== undefined) keepSecret(apiKey);
      const response = new messages.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      return response;
    }),

    check: unary(async (request: InstanceType<typeof messages.CheckRequest>) => {
      const { lifecycle, server } = resourceOf(request);
      const olds = unmarshal(request.getOlds()).values;
      const { values: news, secrets } = unmarshal(request.getNews(), server.secretArguments);
      const { inputs, failures } = await server.check(olds, declared(request.getUrn(), olds, news));
      return checkMessage(inputs, secrets, [...unknownArguments(lifecycle, olds, news), ...failures]);
    }),
    diff: unary(async (request: InstanceType<typeof messages.DiffRequest>) => {
      const { lifecycle, server } = resourceOf(request);
      const olds = unmarshal(request.getOlds()).values;
      const news = withIgnored(request.getIgnorechangesList(), olds, unmarshal(request.getNews()).values);
      const { changed, replaces } = await server.diff(request.getId(), olds, news);
      return differenceMessage(changed, replaces, olds, news, (name) => Object.hasOwn(lifecycle.properties, name));
    }),
    create: unary(async (request: InstanceType<typeof messages.CreateRequest>) => {
      const resource = resourceOf(request);
      const { values, secrets } = unmarshal(request.getProperties(), resource.server.secretArguments);
      const { id, outs } = request.getPreview()
        ? { id: "", outs: planned(resource, values) }
        : await saving(secrets, () => resource.server.create(values));
      const response = new messages.CreateResponse();
      response.setId(id);
      response.setProperties(marshal(outs, secrets));
      return response;
    }),
    read: unary(async (request: InstanceType<typeof messages.ReadRequest>) => {
      const { lifecycle, server, imported } = resourceOf(request);
      const id = request.getId();
      const inputs = unmarshal(request.getInputs(), server.secretArguments);
      const state = unmarshal(request.getProperties(), inputs.secrets);
      const response = new messages.ReadResponse();
      // The code of the other host stays in a state whose resource came from it.
      const { __provider: _code, ...props } = state.values;
      const found = await server.read(id, props);
      if (found === undefined) return response;
      response.setId(id);
      if (props.applicationId === undefined) {
        const told = await imported(clientOf(host), id, found.outs);
        // With the defaults that a check fills in, the check of the import finds nothing changed.
        const { inputs: known } = lifecycle.check(host, told, told);
        // What is there already counts as adopted: destroy leaves it.
        response.setProperties(marshal({ ...known, ...found.outs, adopted: true }, state.secrets));
        response.setInputs(marshal(known, state.secrets));
        return response;
      }
      response.setProperties(marshal(found.outs, state.secrets));
      response.setInputs(marshal({ ...found.inputs, [KEPT_FOR]: inputs.values[KEPT_FOR] }, state.secrets));
      return response;
    }),
    update: unary(async (request: InstanceType<typeof messages.UpdateRequest>) => {
      const resource = resourceOf(request);
      const olds = unmarshal(request.getOlds()).values;
      const { values, secrets } = unmarshal(request.getNews(), resource.server.secretArguments);
      const news = withIgnored(request.getIgnorechangesList(), olds, values);
      const outs = request.getPreview()
        ? planned(resource, news, olds)
        : await saving(secrets, () => resource.server.update(request.getId(), olds, news));
      const response = new messages.UpdateResponse();
      response.setProperties(marshal(outs, secrets));
      return response;
    }),
    delete: unary(async (request: InstanceType<typeof messages.DeleteRequest>) => {
      await resourceOf(request).server.delete(request.getId(), unmarshal(request.getProperties()).values);
      return new empty.Empty();
    }),

    invoke: unary(async (request: InstanceType<typeof messages.InvokeRequest>) => {
      const work = FUNCTIONS[request.getTok()];
      if (work === undefined) throw new Error(`this provider has no function ${request.getTok()}`);
      const answer = await work(host, unmarshal(request.getArgs()).values);
      const response = new messages.InvokeResponse();
      if ("failures" in answer) response.setFailuresList(answer.failures.map(failureMessage));
      else response.setReturn(marshal(answer.result));
      return response;
    }),
    list: async (
      call: ServerWritableStream<InstanceType<typeof messages.ListRequest>, InstanceType<typeof messages.ListResponse>>,
    ) => {
      try {
        const { request } = call;
        const listed = served[request.getToken()]?.listed;
        if (listed === undefined) throw new Error(`this provider lists no ${request.getToken()}`);
        const found = await listed(clientOf(host), unmarshal(request.getQuery()).values);
        const limit = request.getLimit();
        for (const { id, name } of limit > 0 ? found.slice(0, limit) : found) {
          const result = new messages.ListResponse.Result();
          result.setId(id);
          result.setName(name);
          const response = new messages.ListResponse();
          response.setResult(result);
          call.write(response);
        }
        call.end();
      } catch (error) {
        call.emit("error", error);
      }
    },
  };
}

function serveWith(host: Host): Readonly<Record<string, Served>> {
  const entries = Object.entries(RESOURCES);
  return Object.fromEntries(
    entries.map(([token, type]) => [token, { ...type, server: serveResource(type.lifecycle, host) }]),
  );
}

/** A method as gRPC wants it. An error's message and metadata go to the engine. */
function unary<Request, Response>(work: (request: Request) => Response | Promise<Response>) {
  return async ({ request }: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>): Promise<void> => {
    try {
      answer(null, await about(urnOf(request), async () => work(request)));
    } catch (error) {
      answer(error instanceof Error ? error : new Error(String(error)));
    }
  };
}

/** The engine shows nothing that is about a provider. */
function urnOf(request: unknown): string {
  if (typeof request !== "object" || request === null || !("getUrn" in request)) return "";
  const urn = typeof request.getUrn === "function" ? String(request.getUrn()) : "";
  return parseUrn(urn).type.startsWith("pulumi:providers:") ? "" : urn;
}

function checkMessage(inputs: Values, secrets: readonly string[], failures: readonly CheckFailure[]) {
  const response = new messages.CheckResponse();
  response.setInputs(marshal(inputs, secrets));
  response.setFailuresList(failures.map(failureMessage));
  return response;
}

function failureMessage({ property, reason }: CheckFailure) {
  const failure = new messages.CheckFailure();
  failure.setProperty(property);
  failure.setReason(reason);
  return failure;
}

/** Gives a `PartialFailure` the form in which the engine saves the object. */
async function saving<T>(secrets: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PartialFailure)) throw error;
    const detail = new messages.ErrorResourceInitFailed();
    detail.setId(error.objectId);
    detail.setProperties(marshal(error.outs, secrets));
    detail.setReasonsList([error.message]);
    const packed = new any.Any();
    packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const full = new statusMessages.Status();
    full.setCode(status.UNKNOWN);
    full.setMessage(error.message);
    full.addDetails(packed);
    const metadata = new Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from(full.serializeBinary()));
    throw Object.assign(new Error(error.message), { metadata });
  }
}
