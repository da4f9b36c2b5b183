#!/usr/bin/env bash
# Everything that has to do with building against libtorch, for "make torch",
# CI, the Dockerfile and your own commands:
#
#   ci/torch.sh build   ./penstock with the engine torchscript
#   ci/torch.sh test    the engine's tests; without libtorch it says so and ends well
#   ci/torch.sh soak    a million predictions over ten minutes: memory and threads stand still
#   ci/torch.sh bench   both engines, and what the crossing into C++ costs
#   eval "$(ci/torch.sh env)"   the flags, for go build -tags torch
#
# libtorch comes from Debian's libtorch-dev, which is installed when that is
# possible, or from LIBTORCH=folder: one of the official builds 1.11 to 1.13,
# unpacked, for CPU or CUDA.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly packages=(libtorch-dev libopenblas0-pthread g++)
readonly cuda_libraries=(cuda cudart cublas cudnn caffe2_nvrtc nvrtc-builtins nvrtc nvToolsExt c10_cuda torch_cuda)

die() {
	printf 'torch.sh: %s\n' "$*" >&2
	exit 1
}

# locate finds libtorch: include and lib are set, lib empty for the system's.
locate() {
	local folder
	include='' lib=''
	if [[ -n ${LIBTORCH:-} ]]; then
		[[ -f $LIBTORCH/include/torch/csrc/api/include/torch/version.h && -e $LIBTORCH/lib/libtorch.so ]] ||
			die "LIBTORCH=$LIBTORCH holds no libtorch: expected include/torch and lib/libtorch.so in it; unpack an official build of 1.11 to 1.13 and name its folder"
		include=$(cd "$LIBTORCH/include" && pwd) lib=$(cd "$LIBTORCH/lib" && pwd)
		return
	fi
	for folder in /usr/include /usr/local/include; do
		if [[ -f $folder/torch/csrc/api/include/torch/version.h ]]; then
			include=$folder
			return
		fi
	done
	return 1
}

# obtain locates libtorch, and installs Debian's where it is missing.
obtain() {
	# OpenBLAS because the reference BLAS is some ten times slower.
	if [[ -z ${LIBTORCH:-} ]] && ! { locate && compiler && [[ $(ldconfig -p) == *libopenblas* ]]; }; then
		install_packages "${packages[@]}" || return 1
	fi
	locate && compiler
}

compiler() { command -v "${CXX:-g++}" >/dev/null; }

install_packages() {
	[[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null || return 1
	apt-get update -qq || true # an older list may do
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# obtain_python is for the examples in docs/models.md, which are left out where
# it fails.
obtain_python() {
	/usr/bin/python3 -c 'import torch, sklearn' 2>/dev/null || install_packages python3-torch python3-sklearn ||
		echo "torch: the examples of docs/models.md are left out: install Debian's python3-torch and python3-sklearn"
}

missing_text() {
	printf 'libtorch is missing: install Debian'\''s packages %s, or set LIBTORCH to an unpacked libtorch 1.11 to 1.13 and have a C++ compiler' "${packages[*]}"
}

# check_version refuses what gotch does not compile with, before the compiler
# says it at length.
check_version() {
	local header=$include/torch/csrc/api/include/torch/version.h major minor
	major=$(awk '$2 == "TORCH_VERSION_MAJOR" {print $3}' "$header")
	minor=$(awk '$2 == "TORCH_VERSION_MINOR" {print $3}' "$header")
	[[ $major == 1 && $minor -ge 11 && $minor -le 13 ]] ||
		die "libtorch $major.$minor in $include does not work with gotch v0.7.0: expected 1.11, 1.12 or 1.13"
}

# Where the compat header and the linker's stand-ins are put: beside Go's build
# cache, under a name made of what they hold and are for. Compiler flags are part of the
# cache's keys, so that a path within the checkout would compile gotch, which
# takes minutes, anew in every clone.
stand_ins() {
	local sum folder library found
	sum=$( { cat model/torch/compat.h "$include/torch/csrc/api/include/torch/version.h"; echo "$include $lib"; } | sha256sum | cut -c1-16)
	folder=$(go env GOCACHE)/penstock-torch/$sum
	if [[ ! -e $folder/complete ]]; then
		mkdir -p "$folder"
		cp model/torch/compat.h "$folder/compat.h"
		# gotch names CUDA's libraries without asking whether there is a CUDA. An
		# empty archive stands in for each that the linker would not find.
		for library in "${cuda_libraries[@]}"; do
			found=$("${CXX:-g++}" ${lib:+-L"$lib"} -L/usr/local/cuda/lib64 -shared -o /dev/null "-l$library" 2>&1 || true)
			[[ -z $found ]] || ar cr "$folder/lib$library.a"
		done
		touch "$folder/complete"
	fi
	printf '%s' "$folder"
}

# set_flags exports what cgo needs, for gotch and for model/torch.
set_flags() {
	local folder
	check_version
	folder=$(stand_ins)
	export CGO_ENABLED=1
	export CGO_CXXFLAGS="-include $folder/compat.h -I$include -I$include/torch/csrc/api/include -std=c++17 -O2 -w"
	export CGO_LDFLAGS="-L$folder"
	[[ $include != /usr/include ]] || CGO_CXXFLAGS=${CGO_CXXFLAGS/"-I$include "/}
	if [[ -n $lib ]]; then
		CGO_LDFLAGS="-L$lib -Wl,-rpath,$lib $CGO_LDFLAGS"
		# Builds of before the C++11 ABI, which are what pip's packages contain.
		[[ $(nm -DC --defined-only "$lib/libc10.so") == *std::__cxx11* ]] || CGO_CXXFLAGS+=" -D_GLIBCXX_USE_CXX11_ABI=0"
	fi
	# CUDA's half registers itself when it is loaded; nothing refers to it, and
	# a linker told to drop what is not needed would drop it.
	[[ -e $folder/libtorch_cuda.a ]] || CGO_LDFLAGS="-Wl,--no-as-needed -ltorch_cuda $CGO_LDFLAGS"
}

ready() {
	obtain || die "$(missing_text)"
	set_flags
}

case ${1:-} in
build)
	ready
	# Without -trimpath, with which gotch would be compiled once more.
	go build -tags torch -ldflags "${LDFLAGS:-}" -o "${2:-penstock}" .
	;;
test)
	if ! obtain; then
		echo "torch: left out: $(missing_text)"
		exit 0
	fi
	obtain_python
	set_flags
	go vet -tags torch ./model/torch ./weights .
	go test -tags torch -timeout 20m ./model/torch ./weights
	go test -tags torch -timeout 20m -run 'Torch|DocumentedModels' . ./command
	;;
soak)
	ready
	go test -tags torch -timeout 30m -run 'TorchSoak' -v ./command -soak "${SOAK:-10m}"
	;;
bench)
	ready
	go test -tags torch -run '^$' -bench . -benchmem ./model/torch
	# Once more with the kernels that Debian's OpenBLAS takes by itself on
	# processors it does not know: what gotch alone would run with.
	echo 'with OPENBLAS_CORETYPE=Prescott:'
	OPENBLAS_CORETYPE=Prescott go test -tags torch -run '^$' -bench Engines/digits/torchscript -benchmem ./model/torch
	;;
env)
	ready
	printf 'export CGO_ENABLED=1 CGO_CXXFLAGS=%q CGO_LDFLAGS=%q\n' "$CGO_CXXFLAGS" "$CGO_LDFLAGS"
	;;
*)
	die "what to do? build, test, soak, bench or env"
	;;
esac
