#!/usr/bin/env bash
# akin and open_clip's preprocessing (Pillow, torchvision) on the same JPEG files, taking turns in one run.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: bench/data/compare.sh [--rounds N] [--python PATH]

From the bytes of a JPEG file to a tower's floats, one thread: a line for each size with images a second of either side, medians of the
rounds. Time is the thread's processor time, so that other processes disturb it little. Floats that differ make the script fail.

  --rounds N      that count, after one that does not (default 5)
  --python PATH   an interpreter that has open_clip_torch and pillow<13; else PREPROCESS_PYTHON, else an environment in build/preprocess
                  is made and both are installed there
TEXT
}

python="${PREPROCESS_PYTHON:-}"
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
build=build/preprocess
mkdir -p "$build"

if [[ -z "$python" ]]; then
  python="$build/venv/bin/python"
  if [[ ! -x "$python" ]] || ! "$python" -c 'import open_clip' 2>/dev/null; then
    echo "compare.sh: installing open_clip_torch in $build/venv" >&2
    python3 -m venv "$build/venv"
    "$python" -m pip install --quiet open_clip_torch 'pillow<13' >&2
  fi
fi

if [[ ! -x "$build/akin_side" || -n "$(find include bench -name '*pp' -newer "$build/akin_side" -print -quit)" ]]; then
  echo "compare.sh: building $build/akin_side" >&2
  "${CXX:-g++}" -std=c++20 -O2 -DNDEBUG -I include -pthread bench/data/preprocess.cpp -o "$build/akin_side" -ljpeg -lpng -lwebpdemux -lwebp
fi

exec "$python" -B bench/data/compare.py "$build/akin_side" "${arguments[@]}"
