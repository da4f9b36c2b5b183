#!/usr/bin/env bash
# Measures Penstock beside servers of Python for tabular models, and writes tabular.md:
#
#   run.sh DIR [arguments for measure.py]
#
# DIR holds the built programs penstock, httpload and wireload; ../run.sh makes them.
set -euo pipefail
work=$(cd "$1" && pwd)
shift
cd -P "$(dirname "$0")"

for name in common mlserver ray; do
	if [[ ! -e venvs/$name/.installed || requirements-$name.txt -nt venvs/$name/.installed ]]; then
		python3 -m venv "venvs/$name"
		"venvs/$name/bin/pip" install --quiet --disable-pip-version-check -r "requirements-$name.txt"
		touch "venvs/$name/.installed"
	fi
done
mkdir -p "$work/tabular"
venvs/common/bin/python models.py "$work/tabular"
venvs/common/bin/python measure.py --models "$work/tabular" --penstock "$work/penstock" --venvs "$PWD/venvs" --load "$work" --out tabular.md "$@"
