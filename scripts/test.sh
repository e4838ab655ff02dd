#!/usr/bin/env bash
# Builds akin's tests and examples under one preset and runs them.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/test.sh [--preset NAME] [--subset] [--keep-going] [CTEST ARGUMENT...]

Installs what is missing, configures, builds, and runs the tests. The last lines are CTest's summary.

  --preset NAME   release (the default), gcc, clang, asan, thrust-omp, thrust-cpp or cuda: see CMakePresets.json
  --subset        only the tests that tests/subset.txt names
  --keep-going    where a file does not compile, build and test the rest before failing

Anything else goes to ctest: scripts/test.sh -R '^io/'
TEXT
}

preset=release
targets=()
selection=()
build_options=()
while (($# > 0)); do
  case "$1" in
    -h | --help) usage && exit 0 ;;
    --preset) preset="${2:?--preset needs a name}" && shift ;;
    --subset) targets=(--target akin_core) && selection=(-L '^core$') ;;
    --keep-going) build_options=(-- -k 0) ;;
    *) selection+=("$1") ;;
  esac
  shift
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."

groups=(build)
case "$preset" in clang | asan | thrust-cpp) groups+=(clang) ;; esac
case "$preset" in thrust-*) groups+=(thrust) ;; esac
scripts/install_dependencies.sh "${groups[@]}"

cmake --preset "$preset"
built=0
cmake --build --preset "$preset" "${targets[@]}" "${build_options[@]}" || built=$?
if ((built != 0)); then
  echo "test.sh: not everything was built" >&2
  ((${#build_options[@]} > 0)) || exit "$built"
fi
ctest --preset "$preset" --output-on-failure --parallel "$(nproc)" "${selection[@]}"
exit "$built"
