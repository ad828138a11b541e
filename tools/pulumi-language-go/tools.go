//go:build tools

// Package tools keeps Pulumi's Go language host in this module's go.mod. Later releases made the host a module of its own, which
// the Go module proxy does not serve; 3.66.0 has it.
package tools

import _ "github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go"
