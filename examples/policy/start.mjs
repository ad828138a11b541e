#!/usr/bin/env node
// Starts the policy pack without Pulumi's Node language host. See README.md for when that is needed.
import { createRequire } from "node:module";

process.chdir(import.meta.dirname);
process.argv.push(".");
createRequire(import.meta.url)("@pulumi/pulumi/cmd/run-policy-pack");
