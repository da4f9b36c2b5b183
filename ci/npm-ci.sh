#!/usr/bin/env bash
# npm-ci.sh FOLDER: npm ci, without any package's own scripts, until all is
# there. When the download of an optional package fails, such as the native half
# of a bundler, npm leaves it out and says nothing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

for _ in 1 2 3; do
	if npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error && node "$here/node/complete.mjs" "$1"; then
		exit 0
	fi
done
echo "npm-ci.sh: the packages of $1 cannot be installed" >&2
exit 1
