#!/usr/bin/env bash
# Builds the tools that ci/tools/go.mod pins into .tools, unless they are newer
# than that file. They have a module of their own, so that nobody who builds
# Penstock downloads them.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ .tools/golangci-lint -nt ci/tools/go.mod && .tools/govulncheck -nt ci/tools/go.mod ]]; then
	exit 0
fi
mkdir -p .tools
GOWORK=off CGO_ENABLED=0 go build -C ci/tools -trimpath -ldflags='-s -w' -o ../../.tools/ tool
touch .tools/golangci-lint .tools/govulncheck
