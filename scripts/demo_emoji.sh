#!/usr/bin/env bash
# Trains a CLIP on emoji and their names in two languages, and asks it for combinations that it never saw.
set -euo pipefail

out=out/emoji
languages=(en de)

usage() {
  cat <<TEXT
usage: scripts/demo_emoji.sh [--out DIR] [--language LANGUAGE] [ARGUMENT...]

Installs what is missing, builds build/release/akin-clip and akin-emoji, draws emoji, fits a linear baseline, and runs
  build/release/akin-clip train-pairs ... ARGUMENT...
DIR/report.html shows recall for the pictures and names that settings are chosen with. The last lines are recall at 1, 5 and 10 for
those that were held out; they are asked once, at the end.

  --out DIR             where pictures and the trained model go (default $out in this repository)
  --language LANGUAGE   the second language, as the Unicode CLDR names it (default ${languages[1]})
TEXT
}

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
out="$root/$out"
arguments=()
while (($# > 0)); do
  case "$1" in
    -h | --help) usage && exit 0 ;;
    --out) out="${2:?--out needs a folder}" && shift ;;
    --out=*) out="${1#*=}" ;;
    --language) languages[1]="${2:?--language needs a name}" && shift ;;
    --language=*) languages[1]="${1#*=}" ;;
    *) arguments+=("$1") ;;
  esac
  shift
done

"$root/scripts/install_dependencies.sh" build emoji
cmake -S "$root" --preset release
cmake --build "$root/build/release" --target akin-clip akin-emoji
clip="$root/build/release/akin-clip" emoji="$root/build/release/akin-emoji" pairs="$out/pairs"

choices=()
for language in "${languages[@]}"; do choices+=(--language "$language"); done
"$emoji" draw "${choices[@]}" "$pairs"
for language in "${languages[@]}"; do
  arguments+=(--pairs "$pairs/train.$language.tsv" --test "$pairs/validation.$language.tsv")
  baseline="$("$emoji" baseline --train "$pairs/train.$language.tsv" --test "$pairs/validation.$language.tsv")"
  while IFS= read -r line; do arguments+=(--note "linear baseline, $language: $line"); done <<<"$baseline"
done
"$clip" train-pairs --config "$root/examples/emoji/model.json" --out "$out" --epochs 48 --batch 64 --learning-rate 2e-3 \
  --test-every 6 "${arguments[@]}"
for language in "${languages[@]}"; do
  echo "linear baseline, held out, $language:"
  "$emoji" baseline --train "$pairs/train.$language.tsv" --test "$pairs/held_out.$language.tsv"
  echo "held out, $language:"
  "$clip" evaluate --model "$out" --pairs "$pairs/held_out.$language.tsv"
  echo "held out, among those of training too, $language:"
  "$clip" evaluate --model "$out" --pairs "$pairs/held_out.$language.tsv" --among "$pairs/train.$language.tsv"
done
