#!/usr/bin/env bash
# The Python that the checks run with: a virtual environment in ci/python/venv with
# what ci/python/requirements.txt pins.
#
#   ci/python.sh install   make it, or bring it up to date
#   ci/python.sh lock      write requirements.txt again, from requirements.in
set -euo pipefail
cd -P "$(dirname "$0")/python"

install() {
	local stamp=venv/.installed
	if [[ -e $stamp ]] && cmp -s requirements.txt "$stamp"; then
		return
	fi
	rm -rf venv
	if ! "${PYTHON:-python3}" -m venv venv; then
		echo "python.sh: please install Python 3.11 or later with its module venv (Debian's package python3-venv), or name one with PYTHON=" >&2
		exit 1
	fi
	venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt
	cp requirements.txt "$stamp"
}

lock() {
	install_tools=$(mktemp -d)
	trap 'rm -rf "$install_tools"' EXIT
	"${PYTHON:-python3}" -m venv "$install_tools"
	"$install_tools/bin/pip" install --quiet --disable-pip-version-check pip-tools
	"$install_tools/bin/pip-compile" --quiet --generate-hashes --allow-unsafe --strip-extras \
		--no-emit-index-url --no-emit-trusted-host --no-header --no-annotate -o requirements.txt requirements.in
}

case ${1:-} in
install | lock) "$1" ;;
*)
	echo "usage: ci/python.sh install|lock" >&2
	exit 2
	;;
esac
