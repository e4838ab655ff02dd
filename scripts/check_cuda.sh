#!/usr/bin/env bash
# Compiles for CUDA what a machine without a GPU can compile.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/check_cuda.sh [--subset]

Compiles and links for sm_80 and sm_90 with nvcc, without warnings: a program of two files that uses the installed package, one
of which is g++'s and the other one's kernels must not spill; then tests, examples and benchmarks, preset cuda. Run
is the program of two files alone, where there is no device: it must say so.

  --subset   the program of two files alone

Where there is no nvcc, it says so and succeeds.
TEXT
}

subset=no
case "${1:-}" in
  -h | --help) usage && exit 0 ;;
  --subset) subset=yes ;;
  '') ;;
  *) usage >&2 && exit 2 ;;
esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."

nvcc="$(command -v nvcc || true)"
[[ -n "$nvcc" || ! -x /usr/local/cuda/bin/nvcc ]] || nvcc=/usr/local/cuda/bin/nvcc
if [[ -z "$nvcc" ]]; then
  echo "check_cuda: no nvcc, so nothing is compiled for CUDA"
  exit 0
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export CUDACXX="$nvcc"
scripts/check_spills.sh
cmake -S . -B "$work/akin" -DAKIN_BUILD_TESTS=OFF -DAKIN_BUILD_EXAMPLES=OFF -DAKIN_BUILD_BENCHMARKS=OFF >"$work/said"
cmake --install "$work/akin" --prefix "$work/prefix" >"$work/said"
cmake -S tests/consumers/thrust -B "$work/consumer" -Dakin_ROOT="$work/prefix" -DAKIN_THRUST_SYSTEM=CUDA "-DCMAKE_CUDA_ARCHITECTURES=80;90" \
  "-DCMAKE_CUDA_FLAGS=-Werror all-warnings" >"$work/said"
cmake --build "$work/consumer"
echo "check_cuda: a file that nvcc compiled and one that g++ compiled link"
if ! nvidia-smi >/dev/null 2>&1; then
  said="$("$work/consumer/consumer" 2>&1)" && { echo "check_cuda: without a device the program says '$said' and succeeds" >&2 && exit 1; }
  [[ "$said" == "thrust: there is no CUDA device"* ]] || { echo "check_cuda: without a device the program says '$said'" >&2 && exit 1; }
  echo "check_cuda: without a device it says '$said'"
fi
[[ $subset == no ]] || exit 0

scripts/install_dependencies.sh build bench
cmake --preset cuda -DAKIN_BUILD_EXAMPLES=ON -DAKIN_BUILD_BENCHMARKS=ON
cmake --build --preset cuda
echo "check_cuda: tests, examples and benchmarks compile and link"
