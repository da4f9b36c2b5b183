#!/usr/bin/env bash
# Measures Penstock beside its rivals and writes docs/benchmarks.md.
# Arguments go to the comparison, such as -rounds 1 -duration 500ms.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)

need=(python3-torch python3-onnx python3-fastapi uvicorn python3-uvloop python3-websockets)
missing=()
for package in "${need[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
  if [[ $(id -u) != 0 ]]; then
    echo "bench-rivals needs Debian's packages: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy "${missing[@]}"
fi
[[ -d node/node_modules/onnxruntime-node ]] || npm ci --prefix node --ignore-scripts

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$root" && CGO_ENABLED=0 go build -trimpath -o "$work/penstock" . && go test -c -o "$work/weights.test" ./weights)
for program in echo gathered httpload naive wireload compare; do
  GOWORK=off go build -o "$work/$program" "./$program"
done
/usr/bin/python3 python/model.py "$work/net" 64 128 64 10
/usr/bin/python3 python/model.py "$work/wide" 64 1024 1024 10
tabular/run.sh "$work"
cat engines.md tabular/tabular.md >"$work/more.md"
"$work/compare" -bin "$work" -net "$work/net" -wide "$work/wide" -digits "$root/weights/digits" -out "$root/docs/benchmarks.md" -append "$work/more.md" "$@"
