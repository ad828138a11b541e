#!/usr/bin/env bash
# Pulumi's PostgreSQL backend (github.com/pulumi/pulumi/pkg/v3 3.276.0) takes a prefix of keys for a pattern of LIKE.
#
# Pulumi keeps the files of a stack below a prefix with its name, and lists that prefix to find a stack's history and locks. In
# LIKE, `_` stands for any character, and the backend does not escape it. So a list of `dev_eu/` has the keys of `dev-eu/` too.
# With the same library's bucket in memory it has not.
#
# Seen as root with PostgreSQL 15 of Debian 12, keys `dev-eu/1` and `dev_eu/1`, a list of the prefix `dev_eu/`:
#   memory: dev_eu/1
#   PostgreSQL: dev-eu/1 dev_eu/1
set -euo pipefail
folder=$(mktemp -d)
server() { runuser -u postgres -- /usr/lib/postgresql/15/bin/pg_ctl -D "$folder/data" -s "$@"; }
trap 'server stop -m immediate || true; rm -rf "$folder"' EXIT
cd "$folder"
chown postgres .
runuser -u postgres -- /usr/lib/postgresql/15/bin/initdb -D data -A trust -U postgres >/dev/null
server start -o "-c listen_addresses= -k $folder" -l log
mkdir program && cd program
cat >go.mod <<'MODULE'
module list
go 1.26
require github.com/pulumi/pulumi/pkg/v3 v3.276.0
MODULE
cat >main.go <<'PROGRAM'
package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"

	"github.com/pulumi/pulumi/pkg/v3/backend/diy/postgres"
	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
)

func list(bucket *blob.Bucket) (keys string) {
	ctx := context.Background()
	for _, key := range []string{"dev-eu/1", "dev_eu/1"} {
		must(bucket.WriteAll(ctx, key, []byte("text"), nil))
	}
	for objects := bucket.List(&blob.ListOptions{Prefix: "dev_eu/"}); ; {
		object, err := objects.Next(ctx)
		if err == io.EOF {
			return keys
		}
		must(err)
		keys += " " + object.Key
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	address, err := url.Parse(os.Args[1])
	must(err)
	database, err := postgres.NewPostgresBucket(context.Background(), address)
	must(err)
	fmt.Println("memory:" + list(memblob.OpenBucket(nil)))
	fmt.Println("PostgreSQL:" + list(database.Bucket()))
}
PROGRAM
go mod tidy >/dev/null 2>&1
seen=$(go run -trimpath . "postgres://postgres@/postgres?host=$folder&sslmode=disable")
echo "$seen"
[ "$seen" = $'memory: dev_eu/1\nPostgreSQL: dev-eu/1 dev_eu/1' ]
