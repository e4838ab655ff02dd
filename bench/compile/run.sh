#!/usr/bin/env bash
# What the headers cost: seconds, memory, object size, and (clang) template instantiations.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: bench/compile/run.sh [--repeat N] [COMPILER...]

Compiles, with -std=c++20 -O2 -c, the whole library alone, a file with one objective and with two (bench/compile/objectives.cpp.in), the
examples, akin-clip, and one model with 2, 4, 8 and 16 blocks (bench/compile/blocks.cpp.in), and prints a table: the least processor
seconds of N runs (default 1), without those of the system, the peak memory, the size of the object, and how many templates clang
instantiates (which, unlike seconds, is the same in every run). Compilers: g++ and clang++.
TEXT
}

repeat=1
compilers=()
while (($# > 0)); do
  case "$1" in
    -h | --help) usage && exit 0 ;;
    --repeat) repeat="${2:?--repeat needs a number}" && shift ;;
    *) compilers+=("$1") ;;
  esac
  shift
done
((${#compilers[@]} > 0)) || compilers=(g++ clang++)
[[ -x /usr/bin/time ]] || { echo "run.sh: /usr/bin/time is missing: scripts/install_dependencies.sh bench" >&2 && exit 1; }

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
eigen="${EIGEN_INCLUDE:-/usr/include/eigen3}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# ---- what is compiled: a label and a file each -------------------------------------------------------------------------------------

labels=()
files=()
add() {
  labels+=("$1")
  files+=("$2")
}

echo '#include <Eigen/Core>' >"$work/eigen.cpp"
echo '#include <akin/akin.hpp>' >"$work/akin.cpp"
add "Eigen/Core alone" "$work/eigen.cpp"
add "akin/akin.hpp alone" "$work/akin.cpp"
sed '/^@second@/d' bench/compile/objectives.cpp.in >"$work/one.cpp"
sed 's/^@second@//' bench/compile/objectives.cpp.in >"$work/two.cpp"
add "one objective" "$work/one.cpp"
add "two objectives" "$work/two.cpp"
for file in examples/*.cpp examples/clip/*.cpp; do
  [[ -e "$file" ]] && add "$file" "$file"
done
for blocks in 2 4 8 16; do
  file="$work/blocks_$blocks.cpp"
  awk -v blocks="$blocks" '
    !/^@each@/ { print; next }
    { sub(/^@each@/, ""); for (k = 0; k < blocks; ++k) { line = $0; gsub(/@K@/, k, line); print line } }
  ' bench/compile/blocks.cpp.in >"$file"
  add "$blocks blocks" "$file"
done

# ---- measuring ---------------------------------------------------------------------------------------------------------------------

instantiations() {  # of the file $2 by the compiler $1, or - where the compiler cannot say
  local trace="$work/trace"
  if "$1" --version | grep -q clang &&
    "$1" "${flags[@]}" -ftime-trace -ftime-trace-granularity=0 "$2" -o "$trace.o" 2>/dev/null; then
    grep -oE '"name":"Instantiate(Function|Class)"' "$trace.json" | wc -l
  else
    echo -
  fi
}

flags=(-std=c++20 -O2 -c -I include -isystem "$eigen")
printf '%-32s %-10s %9s %9s %11s %15s\n' "what" "compiler" "seconds" "peak MB" "object KB" "instantiations"
failed=0
for index in "${!files[@]}"; do
  for compiler in "${compilers[@]}"; do
    seconds="" megabytes=""
    for ((run = 0; run < repeat; ++run)); do
      if ! /usr/bin/time --format '%U %M' --output "$work/time" "$compiler" "${flags[@]}" "${files[index]}" -o "$work/o.o" 2>"$work/log"; then
        seconds=failed
        break
      fi
      read -r s kilobytes <"$work/time"
      if [[ -z "$seconds" ]] || awk -v a="$s" -v b="$seconds" 'BEGIN { exit !(a < b) }'; then
        seconds="$s" megabytes="$((kilobytes / 1024))"
      fi
    done
    if [[ "$seconds" == failed ]]; then
      printf '%-32s %-10s does not compile: %s\n' "${labels[index]}" "$compiler" "$(grep -m 1 'error: ' "$work/log" || echo '?')"
      failed=1
      continue
    fi
    printf '%-32s %-10s %9s %9s %11s %15s\n' "${labels[index]}" "$compiler" "$seconds" "$megabytes" \
      "$(($(stat --format %s "$work/o.o") / 1024))" "$(instantiations "$compiler" "${files[index]}")"
  done
done
exit "$failed"
