module.exports = require("../bundle/provider.js");
