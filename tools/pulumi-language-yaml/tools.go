//go:build tools

// Package tools keeps Pulumi's YAML language host in this module's go.mod.
package tools

import _ "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"
