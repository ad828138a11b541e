/**
 * Preloaded into each Node process that the engine starts. Pulumi's SDK loads TypeScript and npm's Arborist, half of a
 * provider's start, and uses them only to serialize a program's functions: here they are loaded when they are first used.
 */
const Module = require("node:module");

const LATE = ["typescript", "@npmcli/arborist"];

const load = Module._load;

Module._load = function (request, parent, isMain) {
  const now = () => load.call(this, request, parent, isMain);
  if (!LATE.includes(request)) return now();
  // Throws where the module is missing: the SDK then takes another one.
  Module._resolveFilename(request, parent, isMain);
  return late(now);
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
      return Reflect.get(loaded, name);
    },
  });
}
