#!/usr/bin/env bash
# Pulumi's PostgreSQL backend (github.com/pulumi/pulumi/pkg/v3 3.276.0) ends a list that is read in pages after the first page.
#
# The backend is a bucket of gocloud.dev. `ListPage` there returns a page and the token of the next one, which is empty after the last.
# A program that copies states out of the database, page by page, believes the empty token and leaves out the rest. The same
# library's bucket in memory gives all pages. Pulumi itself asks for no size of a page, and gets everything.
#
# Seen as root with PostgreSQL 15 of Debian 12, five keys in pages of two:
#   memory: 2 2 1
#   PostgreSQL: 2
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
module pages
go 1.26
require github.com/pulumi/pulumi/pkg/v3 v3.276.0
MODULE
cat >main.go <<'PROGRAM'
package main

import (
	"context"
	"fmt"
	"net/url"
	"os"

	"github.com/pulumi/pulumi/pkg/v3/backend/diy/postgres"
	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
)

func pages(bucket *blob.Bucket) (sizes string) {
	ctx := context.Background()
	for _, key := range []string{"1", "2", "3", "4", "5"} {
		must(bucket.WriteAll(ctx, key, []byte("text"), nil))
	}
	for token := blob.FirstPageToken; token != nil; {
		objects, next, err := bucket.ListPage(ctx, token, 2, nil)
		must(err)
		sizes += fmt.Sprint(" ", len(objects))
		token = next
	}
	return sizes
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
	fmt.Println("memory:" + pages(memblob.OpenBucket(nil)))
	fmt.Println("PostgreSQL:" + pages(database.Bucket()))
}
PROGRAM
go mod tidy >/dev/null 2>&1
seen=$(go run -trimpath . "postgres://postgres@/postgres?host=$folder&sslmode=disable")
echo "$seen"
[ "$seen" = $'memory: 2 2 1\nPostgreSQL: 2' ]
