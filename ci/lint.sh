#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")/.."

unformatted=$(git ls-files -co --exclude-standard '*.go' | xargs -r gofmt -l)
if [[ -n $unformatted ]]; then
	printf 'lint: not formatted; run gofmt -w on:\n%s\n' "$unformatted" >&2
	exit 1
fi

go vet ./... ./client/... ./protocol/...
go vet -tags experiment ./bench
for module in . client protocol; do
	(cd "$module" && go mod tidy -diff)
done
# Modules of their own, and apart from the others: users never download what
# they need.
while read -r module; do
	(cd "$module" && GOWORK=off go mod tidy -diff && GOWORK=off go vet ./...)
done < <(git ls-files '*/go.mod' | xargs -n1 dirname | grep -vE '^(client|protocol|ci/.*)$')
(cd ci/suites && GOWORK=off go mod tidy -diff)

ci/tools.sh
GOLANGCI_LINT_CACHE=$PWD/.tools/cache .tools/golangci-lint run ./... ./client/... ./protocol/...

if command -v shellcheck >/dev/null; then
	git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck
else
	echo "lint: shellcheck is not installed; shell scripts were not checked"
fi

ci/vulncheck.sh
