#!/usr/bin/env bash
# Compiles for CUDA what a machine without a GPU can compile.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/check_cuda.sh [--subset]

Compiles and links for sm_80 and sm_90 with nvcc, without warnings: a program of two files that uses the installed package, one
of which is g++'s and the other one's kernels must not spill; then tests, examples and benchmarks, preset cuda. Only
the program of two files is run: where there is no device it must say so in its sentence.

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
cmake -S . -B "$work/akin" -DAKIN_BUILD_TESTS=OFF -DAKIN_BUILD_EXAMPLES=OFF -DAKIN_BUILD_BENCHMARKS=OFF >"$work/cmake.log"
cmake --install "$work/akin" --prefix "$work/prefix" >"$work/cmake.log"
cmake -S tests/consumers/thrust -B "$work/consumer" -Dakin_ROOT="$work/prefix" -DAKIN_THRUST_SYSTEM=CUDA "-DCMAKE_CUDA_ARCHITECTURES=80;90" \
  "-DCMAKE_CUDA_FLAGS=-Werror all-warnings" >"$work/cmake.log"
cmake --build "$work/consumer"
echo "check_cuda: a file that nvcc compiled and one that g++ compiled link"
if said="$("$work/consumer/consumer" 2>&1)" || [[ "$said" == "thrust: there is no CUDA device"* ]]; then
  echo "check_cuda: it says: $said"
else
  echo "check_cuda: the program of two files fails: $said" >&2
  exit 1
fi
[[ $subset == no ]] || exit 0

scripts/install_dependencies.sh build bench
cmake --preset cuda -DAKIN_BUILD_EXAMPLES=ON -DAKIN_BUILD_BENCHMARKS=ON
# The compiler for devices takes up to 15 GB for a file, and most often 2 to 6.
gigabytes="$(awk '/MemAvailable/ {print int($2 / 1e6)}' /proc/meminfo)"
cmake --build --preset cuda --parallel "$((gigabytes > 20 ? (gigabytes / 10 < $(nproc) ? gigabytes / 10 : $(nproc)) : 1))"
echo "check_cuda: tests, examples and benchmarks compile and link"
