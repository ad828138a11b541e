/**
 * Preloaded into each Node process that the engine starts. Pulumi's SDK loads these modules at its start, which makes up most of
 * a provider's start, and uses them only to serialize a program's functions and to drive other programs. Here they are loaded
 * when they are first used.
 */
const Module = require("node:module");
const { basename, join } = require("node:path");

const LATE = require("./late-modules.json");
const AUTOMATION_API = join("@pulumi", "pulumi", "automation", "index.js");

const load = Module._load;

Module._load = function (request, parent, isMain) {
  const now = () => load.call(this, request, parent, isMain);
  // The SDK's own import, and that of the bundle in quick-engine.ts. A program that imports the Automation API uses it.
  const isOfSdk = request === "./automation" || basename(parent?.filename ?? "") === "dynamic-provider.cjs";
  if (!LATE.includes(request) && !isOfSdk) return now();
  // Throws where the module is missing: the SDK then takes another one.
  const file = Module._resolveFilename(request, parent, isMain);
  return LATE.includes(request) || file.endsWith(AUTOMATION_API) ? late(now) : now();
};

/** @param {() => object} loadNow */
function late(loadNow) {
  /** @type {object | undefined} */
  let loaded;
  return new Proxy(function unused() {}, {
    get(_, name) {
      // Asked when the SDK loads it, and answered so that the proxy itself is kept.
      if (name === "__esModule") return true;
      loaded ??= loadNow();
      // What `import … from` means for a CommonJS module.
      if (name === "default" && Reflect.get(loaded, "__esModule") !== true) return loaded;
      return Reflect.get(loaded, name);
    },
  });
}
