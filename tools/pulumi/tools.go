//go:build tools

// Package tools keeps the Pulumi CLI in this module's go.mod; scripts/setup builds it where no CLI can be downloaded.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
