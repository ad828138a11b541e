/** Prints what the emulator in the environment was asked and what it has, after a mark, and empties its request log. */
import { EmulatorApi } from "../../tools/harness/emulator.mjs";

const { NYLAS_API_URI: apiUri = "", NYLAS_API_KEY: apiKey = "" } = process.env;
const [, , mark = ""] = process.argv;

const api = new EmulatorApi({ apiUri, apiKey });
const requests = (await api.requests()).map(({ method, path }) => `${method} ${path}`);
const [grants, connectors] = await Promise.all([api.grants(), api.connectors()]);
await api.forgetRequests();
console.log(mark + JSON.stringify({ requests, grants, connectors }));
