// TypeScript takes a file's module system from its name. Through this one, programs with `module: node16` may require an ESM
// package, as Node 22.12 and later do.
module.exports = require("../bundle/index.js");
