#!/bin/sh
# Trains the digits bundle again and writes it to weights/digits: about eight
# minutes on one core. "run.sh cnn" does so for weights/digits-cnn, in about
# ten. "run.sh --data-only" brings the images and stops; the Go tests that
# measure accuracy on the test images need no more. "run.sh reference" makes the
# reference of weights/digits again, for which it needs Go. "run.sh shuttle" trains the
# boosted trees of weights/shuttle, in seconds, with the Python of the checks.
set -eu
cd "$(dirname "$0")"

if [ "${1-}" = shuttle ]; then
	../../ci/python.sh install
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
	# The data is in one of Debian's packages, which need not be installed for it.
	(cd "$scratch" && apt-get download -qq r-cran-mlbench && dpkg-deb -x ./*.deb .)
	export OMP_NUM_THREADS=1 PYTHONPATH=../../client/python/src PYTHONDONTWRITEBYTECODE=1
	../../ci/python/venv/bin/python shuttle/shuttle.py "$scratch/usr/lib/R/site-library/mlbench/data/Shuttle.rda" ../shuttle
	exit
fi

npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
if [ "${1-}" = --data-only ]; then
	exit 0
fi

# Debian's own Python, because its PyTorch package belongs to that one.
python=/usr/bin/python3
if ! "$python" -c 'import torch, numpy' 2>/dev/null; then
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		echo "run.sh: PyTorch is missing: install Debian's packages python3-torch and libopenblas0-pthread" >&2
		exit 1
	fi
	apt-get update -qq
	# OpenBLAS because the reference BLAS is some ten times slower.
	apt-get install -y -qq python3-torch libopenblas0-pthread
fi

# One thread: sums are then added in one order, and the result repeats.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
reference() {
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
	"$python" reference.py >"$scratch/digits.csv"
	(cd ../.. && go run . reference --model weights/digits --sample "$scratch/digits.csv" "$@")
}

case ${1-} in
'')
	"$python" train.py
	reference
	;;
reference) reference --replace ;;
cnn) exec "$python" train_cnn.py ;;
*)
	echo "run.sh: $1? Expected nothing, cnn, reference, shuttle or --data-only" >&2
	exit 1
	;;
esac
