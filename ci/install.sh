#!/usr/bin/env bash
# Installs what the checks need and a new machine lacks. Nothing is kept
# outside the checkout but the caches of Go and npm, and Debian's packages.
set -euo pipefail
cd -P "$(dirname "$0")/.."

# npm cannot bring itself: what is to be replaced is not used here.
PATH=${PATH//"$PWD/ci/node/node_modules/.bin:"/}

# Debian packages, each with a command that tells whether it is there.
missing=()
command -v gcc >/dev/null || missing+=(gcc libc6-dev) # Go's race detector
command -v npm >/dev/null || missing+=(npm)
/usr/bin/python3 -c 'import websockets' 2>/dev/null || missing+=(python3-websockets)
command -v shellcheck >/dev/null || missing+=(shellcheck)
# Programs in front of the server, and against it; see outside/.
PATH=$PATH:/usr/sbin command -v nginx >/dev/null || missing+=(nginx)
PATH=$PATH:/usr/sbin command -v haproxy >/dev/null || missing+=(haproxy)
command -v caddy >/dev/null || missing+=(caddy)
command -v slowhttptest >/dev/null || missing+=(slowhttptest)
command -v testssl >/dev/null || missing+=(testssl.sh)
command -v systemd-analyze >/dev/null || missing+=(systemd)

if ((${#missing[@]})); then
	if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
		# No package may start its service: the tests start programs of their own.
		if [[ ! -e /usr/sbin/policy-rc.d ]]; then
			trap 'rm -f /usr/sbin/policy-rc.d' EXIT
			install -m 755 /dev/stdin /usr/sbin/policy-rc.d <<<$'#!/bin/sh\nexit 101'
		fi
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
	else
		echo "install.sh: please install (Debian's names): ${missing[*]}" >&2
		exit 1
	fi
fi

# npm packages, as their lock files say; no package's own script is run.
ci/npm-ci.sh ci/node
weights/recipe/run.sh --data-only

ci/python.sh install
ci/tools.sh

# Test vectors that come as Go modules.
(cd ci/suites && GOWORK=off go mod download)
