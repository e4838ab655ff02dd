#!/usr/bin/env bash
# Whether akin-clip says of images and texts what open_clip says with the same files.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/check_end_to_end.sh [PROGRAM] [MODEL...]

Makes models with random weights by open_clip (default: ViT-B-32, RN50 and ViT-B-16-SigLIP; 2 GB on the disk for a while), and compares
PROGRAM (default: build/release/akin-clip) with open_clip: probabilities of labels, nearest neighbours of texts and images, recall.
PyTorch and open_clip are installed into build/venv, or are those of the environment AKIN_VENV.
exit codes: 0 they agree, 1 they do not
TEXT
}

case "${1:-}" in -h | --help) usage && exit 0 ;; esac
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="${AKIN_VENV:-$root/build/venv}"
if [[ -z "${AKIN_VENV:-}" ]]; then
  [[ -x "$venv/bin/pip" ]] || python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet torch==2.15.0 open_clip_torch==3.3.0 sentencepiece==0.2.3 pillow==12.3.0
fi
vocabulary="$root/build/vocabulary/bpe_simple_vocab_16e6.txt.gz"
"$root/scripts/fetch_vocabulary.sh" "$vocabulary"
exec "$venv/bin/python" "$root/scripts/check_end_to_end.py" "$vocabulary" "${1:-$root/build/release/akin-clip}" "${@:2}"
