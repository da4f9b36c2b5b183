#!/usr/bin/env bash
# Runs the generators and fails when a file changed: what is committed must be
# what its generator writes. The new files are left for you to look at.
set -euo pipefail
cd "$(dirname "$0")/.."

# A file that was deleted and not yet committed has no checksum.
checksums() {
	git ls-files -coz --exclude-standard | { xargs -0r sha256sum 2>/dev/null || true; } | sort -k2
}

before=$(checksums)
go generate ./... ./client/... ./protocol/...
if ! changed=$(diff <(echo "$before") <(checksums)); then
	printf 'stale: generated files were out of date; commit these:\n' >&2
	awk '/^>/ {print "  " $3}' <<<"$changed" >&2
	exit 1
fi
echo "stale: generated files are up to date"
