#!/usr/bin/env bash
# Installs what the dashboard is built and tested with, as its lock file says;
# no package's own script is run.
set -euo pipefail
cd "$(dirname "$0")"

../ci/npm-ci.sh .
# A package of test strings brings Go files, which "go build ./..." would find.
find node_modules -name '*.go' -delete
