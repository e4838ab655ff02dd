#!/usr/bin/env bash
# Compiles one file for CUDA and fails where ptxas spills registers.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/check_spills.sh [FILE.cu]

Compiles FILE.cu (default: tests/consumers/thrust/device.cu) for sm_80 and sm_90 with nvcc, without warnings, and reads what ptxas says of its kernels:
none may spill. Where there is no nvcc, it says so and succeeds.
TEXT
}

case "${1:-}" in -h | --help) usage && exit 0 ;; esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."
file="${1:-tests/consumers/thrust/device.cu}"

nvcc="$(command -v nvcc || true)"
[[ -n "$nvcc" || ! -x /usr/local/cuda/bin/nvcc ]] || nvcc=/usr/local/cuda/bin/nvcc
if [[ -z "$nvcc" ]]; then
  echo "check_spills: no nvcc, so nothing is checked"
  exit 0
fi

said="$("$nvcc" -std=c++20 --expt-relaxed-constexpr -Werror all-warnings -O2 -Iinclude -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 \
  --threads 2 -Xptxas -v -c "$file" -o /dev/null 2>&1)" || { echo "$said" >&2 && exit 1; }
kernels="$(grep -c 'Compiling entry function' <<<"$said" || true)"
spilling="$(grep -c -E '[1-9][0-9]* bytes spill' <<<"$said" || true)"
echo "check_spills: $file: $kernels kernels, $spilling of them spill"
((kernels > 0 && spilling == 0))
