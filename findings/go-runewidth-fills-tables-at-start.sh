#!/usr/bin/env bash
# github.com/mattn/go-runewidth 0.0.27 looks up the width of every Unicode code point at the start of each program that imports it.
#
# Its `init` fills two tables with the strict widths of 1,114,112 code points each, whether the program ever asks for one or not.
# Command lines import the package through libraries for tables and prompts, so each of their commands pays, `--help` too: tens of
# milliseconds of processor time. Version 0.0.23 only merges two lists of ranges.
#
# Go prints what each package's `init` took (GODEBUG=inittrace=1). Seen with Go 1.26 on a busy machine, with an empty `main`:
#   0.0.23: 0.052 ms
#   0.0.27: 48 ms
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE=$folder/modules GOCACHE=$folder/build GOPATH=$folder/path GOWORK=off GOFLAGS=-modcacherw CGO_ENABLED=0
cat >main.go <<'PROGRAM'
package main

import _ "github.com/mattn/go-runewidth"

func main() {}
PROGRAM
# The shortest of five starts, in milliseconds.
start_of() {
  rm -f go.mod go.sum
  go mod init example.test/start 2>/dev/null
  go get "github.com/mattn/go-runewidth@v$1" 2>/dev/null
  go build -o program .
  for _ in 1 2 3 4 5; do GODEBUG=inittrace=1 ./program 2>&1; done |
    awk '$2 == "github.com/mattn/go-runewidth" { print $5 }' | sort -g | head -n 1
}
before=$(start_of 0.0.23)
after=$(start_of 0.0.27)
echo "0.0.23: ${before:-0} ms"
echo "0.0.27: $after ms"
awk -v before="${before:-0}" -v after="$after" 'BEGIN { exit !(after > 5 && after > 20 * before) }'
