module.exports = require("../dist/pulumi/provider.js");
