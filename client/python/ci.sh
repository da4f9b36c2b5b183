#!/usr/bin/env bash
# The Python package: types, tests against the server and the libraries, and that it
# installs where nothing of this checkout is.
set -euo pipefail
cd -P "$(dirname "$0")"
root=$(cd ../.. && pwd)

"$root/ci/python.sh" install
python=$root/ci/python/venv/bin/python
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [[ -z ${PENSTOCK_BINARY-} ]]; then
	export PENSTOCK_BINARY=$scratch/penstock
	CGO_ENABLED=0 go build -C "$root" -o "$PENSTOCK_BINARY" .
fi
export OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
"$python" -m mypy --cache-dir "$scratch/mypy"
"$python" -m pytest -p no:cacheprovider

cp -R . "$scratch/package"
"$python" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check "$scratch/package"
(cd "$scratch" && venv/bin/python -c 'import penstock, sys; assert "sklearn" not in sys.modules; print("python: penstock", penstock.__version__, "installs")')
