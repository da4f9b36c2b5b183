#!/usr/bin/env bash
# Packs the TypeScript client, lints the tarball, and uses it as a stranger
# would: from an empty project, with import, with require, and with types.
set -euo pipefail
cd "$(dirname "$0")"
export PATH=$PWD/node_modules/.bin:$PATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm pack --silent --pack-destination "$folder" >"$folder/name" # builds first: prepack
tarball=$folder/$(tail -n 1 "$folder/name")
publint "$tarball" --strict
attw "$tarball" --profile esm-only # there is one build, of ES modules, which require() takes too
cmp LICENSE ../../LICENSE

mkdir "$folder/empty"
cp test/package/* "$folder/empty"
modules=$PWD/node_modules
cd "$folder/empty"
echo '{ "name": "empty", "private": true }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps "$tarball"
ln -s "$modules/rxjs" "$modules/tslib" node_modules/
for file in import.mjs require.cjs; do
	node "$file"
	node --no-experimental-websocket "$file"
done
# Node.js of the system, if another: Debian's has no WebSocket of its own.
for node in /usr/bin/nodejs /usr/bin/node; do
	if [ -x "$node" ]; then "$node" import.mjs; break; fi
done
tsc --module nodenext --moduleResolution nodenext
tsc --module esnext --moduleResolution bundler
echo "client/js: $(basename "$tarball") works from an empty project"
