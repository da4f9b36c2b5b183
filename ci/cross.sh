#!/usr/bin/env bash
# Compiles for the platforms that are not tested here, without cgo, and checks
# the tests for Windows too, which differs most.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p bin
export CGO_ENABLED=0
for platform in linux/arm64 darwin/arm64 windows/amd64; do
	export GOOS=${platform%/*} GOARCH=${platform#*/}
	suffix=
	[[ $GOOS == windows ]] && suffix=.exe
	out=bin/penstock-$GOOS-$GOARCH$suffix
	go build -trimpath -ldflags "${LDFLAGS:-}" -o "$out" .
	go build ./... ./client/... ./protocol/...
	[[ $GOOS == windows ]] && go vet ./... ./client/... ./protocol/...
	echo "cross: $platform: $(($(stat -c %s "$out") / 1048576)) MiB"
done
