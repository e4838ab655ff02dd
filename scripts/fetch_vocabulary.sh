#!/usr/bin/env bash
# Fetches CLIP's vocabulary, which is not part of this repository.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/fetch_vocabulary.sh [FILE]

Writes CLIP's vocabulary (bpe_simple_vocab_16e6.txt.gz, 1.4 MB) to FILE (default: build/vocabulary/bpe_simple_vocab_16e6.txt.gz), where
it is not there yet. It is taken out of the published package open_clip_torch with pip, and its checksum is compared.
exit codes: 0 it is there, 1 it was fetched but is not what was expected, 77 it could not be fetched
TEXT
}

package=open_clip_torch==3.3.0
inside=open_clip/bpe_simple_vocab_16e6.txt.gz
checksum=924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a

case "${1:-}" in -h | --help) usage && exit 0 ;; esac
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
file="${1:-$root/build/vocabulary/bpe_simple_vocab_16e6.txt.gz}"

if [[ -f "$file" ]] && sha256sum --check --status <<<"$checksum  $file"; then
  exit 0
fi

not_fetched() {
  echo "fetch_vocabulary.sh: $1" >&2
  exit 77
}

python3 -m pip --version >/dev/null 2>&1 || "$root/scripts/install_dependencies.sh" vocabulary || not_fetched "pip is missing and could not be installed"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$folder" "$package" >&2 ||
  not_fetched "pip could not download $package (no network?)"
python3 -m zipfile -e "$folder"/open_clip_torch-*.whl "$folder/content"

mkdir -p "$(dirname "$file")"
cp "$folder/content/$inside" "$file.tmp-$$"
if ! sha256sum --check --status <<<"$checksum  $file.tmp-$$"; then
  rm "$file.tmp-$$"
  echo "fetch_vocabulary.sh: the checksum of $inside in $package is not $checksum" >&2
  exit 1
fi
mv "$file.tmp-$$" "$file"
echo "vocabulary: $file"
