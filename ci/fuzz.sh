#!/usr/bin/env bash
# Runs every fuzz target for FUZZ_SECONDS each, one after the other: go test
# takes one target at a time. What it finds is written to the package's
# testdata/fuzz, to be committed with the repair.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-10}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# run FOLDER TARGET
run() {
	go test -run '^$' -fuzz "^$2\$" -fuzztime "${seconds}s" "./$1" >"$log" 2>&1 && return
	# Up to Go 1.26 the end of the time can be taken for a failure
	# (https://go.dev/issue/75804). A real one leaves the input that failed.
	grep -q '^ *context deadline exceeded$' "$log" && ! grep -q 'Failing input written' "$log"
}

targets=$(git ls-files -co --exclude-standard '*_test.go' |
	xargs -r grep -HoE '^func Fuzz[A-Za-z0-9_]*' | sed 's/:func /:/')
while IFS=: read -r file target; do
	[[ -n $file ]] || continue
	if ! run "$(dirname "$file")" "$target"; then
		cat "$log" >&2
		exit 1
	fi
	execs=$(grep -oE 'execs: [0-9]+' "$log" | tail -1 || true)
	echo "fuzz: $(dirname "$file") $target: ${seconds}s, ${execs:-the committed inputs alone: more did not fit in}"
done <<<"$targets"
