#!/usr/bin/env bash
# Documents that a machine can check: the AsyncAPI description, the Dockerfile,
# and the links from one document to another.
set -euo pipefail
cd "$(dirname "$0")/.."

[[ -d ci/node/node_modules ]] || ci/npm-ci.sh ci/node
node ci/node/asyncapi.mjs docs/asyncapi.yaml docs/protocol.md
node ci/node/dockerfile.mjs Dockerfile
node ci/node/links.mjs
