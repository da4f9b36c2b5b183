#!/usr/bin/env bash
# Installs, checks, tests and builds the TypeScript client. The tests run
# against the server of this checkout, which they build with Go; or against the
# program that $PENSTOCK names.
set -euo pipefail
cd "$(dirname "$0")"

../../ci/npm-ci.sh .
npm run --silent check
npm test --silent
npm run --silent build
# What was built can be imported by its name.
PATH=$PWD/node_modules/.bin:$PATH node --input-type=module -e '
	const { PredictClient } = await import("penstock-client");
	const { fromDashboard } = await import("penstock-client/rxjs");
	if (!PredictClient || !fromDashboard) process.exit(1);'
echo "client/js: built $(find dist -name '*.js' | wc -l) modules"
