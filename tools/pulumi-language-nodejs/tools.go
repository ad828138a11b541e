//go:build tools

// Package tools keeps Pulumi's Node language host in this module's go.mod. Later releases made the host a module of
// its own with local replacements, which cannot be required from outside; 3.68.0 is the last that can.
package tools

import _ "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs"
