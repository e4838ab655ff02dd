#!/usr/bin/env bash
# Trains a small CLIP on Fashion-MNIST with akin-clip. The last line is its result.
set -euo pipefail

data=/usr/share/datasets/fashion-mnist
out=out/fashion

usage() {
  cat <<TEXT
usage: scripts/demo.sh [--data DIR] [--out DIR] [ARGUMENT...]

Installs what is missing, builds build/release/akin-clip and runs
  build/release/akin-clip train --data DIR --out DIR ARGUMENT...
The last line is the result.

  --data DIR   the four Fashion-MNIST files (default $data, from the package dataset-fashion-mnist)
  --out DIR    where the trained model goes (default $out in this repository)
TEXT
}

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
groups=(build demo)
out="$root/$out"
arguments=()
while (($# > 0)); do
  case "$1" in
    -h | --help) usage && exit 0 ;;
    --data) data="${2:?--data needs a folder}" && groups=(build) && shift ;;
    --data=*) data="${1#*=}" && groups=(build) ;;
    --out) out="${2:?--out needs a folder}" && shift ;;
    --out=*) out="${1#*=}" ;;
    *) arguments+=("$1") ;;
  esac
  shift
done

"$root/scripts/install_dependencies.sh" "${groups[@]}"
cmake -S "$root" --preset release
cmake --build "$root/build/release" --target akin-clip
exec "$root/build/release/akin-clip" train --data "$data" --out "$out" "${arguments[@]}"
