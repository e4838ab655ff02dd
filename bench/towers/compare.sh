#!/usr/bin/env bash
# akin's ViT-B/32 and its peers, taking turns in one run.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: bench/towers/compare.sh [what-precision-batch ...] [--threads N] [--rounds N] [--python PATH]

Encoders and training step of a ViT-B/32 with random weights, the same on both sides; a line for each:
  what precision batch akin_per_second peer peer_per_second ratio
fp32 encoders are against ONNX Runtime, bf16 and training against PyTorch and open_clip (autocast for bf16). Training has a second line:
the peak memory of each process. Medians of the rounds. Both sides must compute the same features, or the same losses before and after a
step; a line where they do not says so and makes the script fail.

  image-fp32-32 ...  only these lines; image and text have batches 32 and 1, train has 64
  --threads N        of either side (default 2)
  --rounds N         that count, after two that do not (default 5; four times as many at batch 1)
  --python PATH      an interpreter that has torch, open_clip_torch, onnx and onnxruntime; else TOWERS_PYTHON, else an environment in
                     build/towers is made and they are installed there

For figures that other processes disturb least: chrt -f 50 bench/towers/compare.sh
TEXT
}

python="${TOWERS_PYTHON:-}"
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
build=build/towers
mkdir -p "$build"

if [[ -z "$python" ]]; then
  python="$build/venv/bin/python"
  if [[ ! -x "$python" ]] || ! "$python" -c 'import open_clip, onnxruntime' 2>/dev/null; then
    echo "compare.sh: installing the peers in $build/venv" >&2
    python3 -m venv "$build/venv"
    "$python" -m pip install --quiet --index-url https://download.pytorch.org/whl/cpu torch torchvision >&2
    "$python" -m pip install --quiet open_clip_torch onnx onnxscript onnxruntime safetensors >&2
  fi
fi

if [[ ! -x "$build/akin_side" || -n "$(find include bench examples/clip -name '*pp' -newer "$build/akin_side" -print -quit)" ]]; then
  echo "compare.sh: building $build/akin_side" >&2
  "${CXX:-g++}" -std=c++20 -O2 -DNDEBUG -I include -I bench -pthread bench/towers/akin_side.bench.cpp -o "$build/akin_side"
fi

exec "$python" -B bench/towers/compare.py "$build/akin_side" "$build/inputs" "${arguments[@]}"
