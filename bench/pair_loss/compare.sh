#!/usr/bin/env bash
# akin and PyTorch on the same losses, taking turns in one run.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: bench/pair_loss/compare.sh [n,n,...] [--threads N] [--rounds N] [--objectives a,b] [--curve] [--python PATH]

Forward and backward of pair losses from raw embeddings of width 512, a line for each n (default 1024,4096,8192), objective and precision:
  n objective precision akin_seconds torch_seconds ratio share_of_peak
Seconds are medians of the rounds. bf16 is against PyTorch's autocast, and so is bf16_split, which is more exact. clip_sums is the
forward pass alone. share_of_peak: the products' operations over what the registers do in that time, which is measured as well.
A line whose losses differ says so, has no ratio, and makes the script fail.

  --threads N     of either side (default 2)
  --rounds N      that count, after one that does not (default 5)
  --objectives    of clip,clip_sums,hard_negatives,supervised,siglip
  --curve         seconds and peak memory of the CLIP loss for n = 1024 ... 65536, and docs/images/pair_loss.svg; about four minutes
  --python PATH   an interpreter that has torch; else PAIR_LOSS_PYTHON, else an environment in build/pair_loss is made and torch
                  installed there

For figures that other processes disturb least: chrt -f 50 bench/pair_loss/compare.sh
TEXT
}

python="${PAIR_LOSS_PYTHON:-}"
arguments=()
while (($# > 0)); do
  case "$1" in
    -h | --help) usage && exit 0 ;;
    --python) python="${2:?--python needs a path}" && shift ;;
    *) arguments+=("$1") ;;
  esac
  shift
done

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=build/pair_loss
mkdir -p "$build"

if [[ -z "$python" ]]; then
  python="$build/venv/bin/python"
  if [[ ! -x "$python" ]] || ! "$python" -c 'import torch' 2>/dev/null; then
    echo "compare.sh: installing torch for the CPU in $build/venv" >&2
    python3 -m venv "$build/venv"
    "$python" -m pip install --quiet --index-url https://download.pytorch.org/whl/cpu torch >&2
  fi
fi

if [[ ! -x "$build/akin_side" || -n "$(find include bench -name '*pp' -newer "$build/akin_side" -print -quit)" ]]; then
  echo "compare.sh: building $build/akin_side" >&2
  "${CXX:-g++}" -std=c++20 -O2 -DNDEBUG -I include -I bench -pthread bench/pair_loss/akin_side.bench.cpp -o "$build/akin_side"
fi

exec "$python" -B bench/pair_loss/compare.py "$build/akin_side" "${arguments[@]}"
