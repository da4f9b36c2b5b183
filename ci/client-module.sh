#!/usr/bin/env bash
# Builds a program that uses nothing of Penstock but its Go client, in a module
# outside the checkout, and fails when that asks its user for more modules than
# the client itself needs.
set -euo pipefail
cd "$(dirname "$0")/.."
checkout=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GOWORK=off GOFLAGS=-mod=mod

cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"

	"penstock/client"
)

func main() {
	_, err := client.Dial(context.Background(), "ws://127.0.0.1:1", client.Options{})
	fmt.Println(err)
}
GO
cat >go.mod <<MOD
module example.com/user

go 1.26.0

require penstock/client v0.0.0

replace (
	penstock/client => $checkout/client
	penstock/protocol => $checkout/protocol
)
MOD
go mod tidy
go build -o user .

# What is compiled in, and what the module graph names besides: the modules of
# the client's tests, of which a user downloads nothing but the go.mod.
built=$(go list -deps -f '{{with .Module}}{{.Path}}{{end}}' . | sort -u | xargs)
want='example.com/user github.com/coder/websocket golang.org/x/sys penstock/client penstock/protocol'
if [[ $built != "$want" ]]; then
	printf 'client-module: compiled from\n  %s\nexpected\n  %s\n' "$built" "$want" >&2
	exit 1
fi
named=$(go list -m -f '{{.Path}}' all | sort -u)
allowed="$want github.com/google/go-cmp go.uber.org/goleak pgregory.net/rapid"
for module in $named $(cut -d' ' -f1 go.sum | sort -u); do
	if [[ " $allowed " != *" $module "* ]]; then
		echo "client-module: a user of the client gets $module in go.mod or go.sum; expected at most: $allowed" >&2
		exit 1
	fi
done
echo "client-module: a user of the client compiles $(wc -w <<<"$built") modules, himself included"
