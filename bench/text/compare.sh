#!/usr/bin/env bash
# akin, open_clip and Hugging Face tokenizers on the same texts, taking turns in one run.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: bench/text/compare.sh [--rounds N] [--python PATH]

Ids a second, one thread each, on 5,000 prompts of ImageNet's classes and on texts in some 90 languages; then how many texts have the
ids that open_clip gives them. Seconds are those of the processor, rates are medians of the rounds.

  --rounds N      that count, after one that does not (default 5)
  --python PATH   an interpreter that has open_clip and tokenizers; else an environment in build/text is made and they are installed there
TEXT
}

python=""
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
build=build/text
mkdir -p "$build"

if [[ -z "$python" ]]; then
  python="$build/venv/bin/python"
  if [[ ! -x "$python" ]] || ! "$python" -c 'import open_clip, tokenizers' 2>/dev/null; then
    echo "compare.sh: installing open_clip and tokenizers in $build/venv" >&2
    python3 -m venv "$build/venv"
    "$python" -m pip install --quiet --index-url https://download.pytorch.org/whl/cpu torch torchvision >&2
    "$python" -m pip install --quiet open_clip_torch tokenizers ftfy >&2
  fi
fi

vocabulary="$PWD/$build/bpe_simple_vocab_16e6.txt.gz"
scripts/fetch_vocabulary.sh "$vocabulary" >&2
if [[ ! -x "$build/akin_side" || -n "$(find include bench/text -name '*pp' -newer "$build/akin_side" -print -quit)" ]]; then
  echo "compare.sh: building $build/akin_side" >&2
  "${CXX:-g++}" -std=c++20 -O2 -DNDEBUG -I include bench/text/akin_side.bench.cpp -lz -o "$build/akin_side"
fi

exec "$python" -B bench/text/compare.py "$build/akin_side" "$vocabulary" "${arguments[@]}"
