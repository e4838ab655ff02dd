#!/usr/bin/env bash
# Runs every test with g++, with clang, and under AddressSanitizer and UndefinedBehaviorSanitizer.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/test_all.sh [ARGUMENT...]

Runs scripts/test.sh under the presets release (g++), clang and asan, all of them even where one fails. Arguments go to each run.
TEXT
}

case "${1:-}" in -h | --help) usage && exit 0 ;; esac

cd "$(dirname "${BASH_SOURCE[0]}")/.."
failed=()
for preset in release clang asan; do
  echo "== $preset"
  scripts/test.sh --preset "$preset" "$@" || failed+=("$preset")
done
((${#failed[@]} == 0)) || { echo "test_all.sh: failed under: ${failed[*]}" >&2 && exit 1; }
