#!/usr/bin/env bash
# Installs, checks, tests, builds and packs the TypeScript client. The tests run
# against the server of this checkout, which they build with Go; or against the
# program that $PENSTOCK names.
set -euo pipefail
cd "$(dirname "$0")"

../../ci/npm-ci.sh .
npm run --silent check
npm test --silent
./package.sh
echo "client/js: built $(find dist -name '*.js' | wc -l) modules"
