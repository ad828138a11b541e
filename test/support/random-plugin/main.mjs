// Pulumi's `random` plugin, as far as programs of the tests need it: RandomPassword of letters and digits. The real one would have
// to be downloaded from a host that is no package registry.
import { randomInt } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { main } from "@pulumi/pulumi/provider/index.js";

const CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** How a secret is passed to the engine. @param {string} value */
function secret(value) {
  return { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value };
}

/** @type {import("@pulumi/pulumi/provider/index.js").Provider} */
const provider = {
  version: "4.21.2",
  check: async (_urn, _olds, news) => ({ inputs: news }),
  diff: async (_id, _urn, olds, news) => {
    const replaces = Object.keys(news).filter((name) => !isDeepStrictEqual(olds[name], news[name]));
    return { changes: replaces.length > 0, replaces };
  },
  create: async (_urn, inputs) => {
    const password = Array.from({ length: inputs.length }, () => CHARACTERS[randomInt(CHARACTERS.length)]).join("");
    return { id: "none", outs: { ...inputs, result: secret(password) } };
  },
  delete: async () => {},
};

await main(provider, process.argv.slice(2));
