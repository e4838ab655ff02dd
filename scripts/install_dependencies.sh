#!/usr/bin/env bash
# Installs the Debian packages that akin's own build needs, where they are missing.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/install_dependencies.sh [GROUP...]

Installs missing Debian packages with apt-get (through sudo where it is not run as root), after printing their names.

  build        what tests, examples and akin-clip need (the default)
  demo         the Fashion-MNIST pictures that scripts/demo.sh trains on
  emoji        the font, the names and the libraries of scripts/demo_emoji.sh
  clang        the second compiler and its sanitizers
  thrust       the Thrust backend's headers
  bench        Google Benchmark, and time(1) for bench/compile/run.sh
  vocabulary   pip, for scripts/fetch_vocabulary.sh
  tables       Unicode's data files, which scripts/text_tables.py reads
  all          all of these
TEXT
}

declare -A packages=(
  [build]="g++ cmake ninja-build doctest-dev zlib1g-dev libpng-dev libjpeg-dev libwebp-dev libsentencepiece-dev libcli11-dev"
  [demo]="dataset-fashion-mnist"
  [emoji]="fonts-noto-color-emoji unicode-cldr-core libfreetype-dev libharfbuzz-dev libpugixml-dev"
  [clang]="clang libclang-rt-dev"
  [thrust]="libthrust-dev"
  [bench]="libbenchmark-dev libeigen3-dev time"
  [vocabulary]="python3-pip"
  [tables]="unicode-data"
)

groups=()
for argument in "${@:-build}"; do
  case "$argument" in
    -h | --help) usage && exit 0 ;;
    all) groups+=(build demo emoji clang thrust bench vocabulary tables) ;;
    build | demo | emoji | clang | thrust | bench | vocabulary | tables) groups+=("$argument") ;;
    *) echo "install_dependencies.sh: no group '$argument'" >&2 && usage >&2 && exit 2 ;;
  esac
done

wanted=()
for group in "${groups[@]}"; do
  read -ra names <<<"${packages[$group]}"
  wanted+=("${names[@]}")
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "dependencies: not a Debian system, so nothing is installed; needed are the counterparts of: ${wanted[*]}"
  exit 0
fi

missing=()
for name in "${wanted[@]}"; do
  [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null)" == installed ]] || missing+=("$name")
done

if ((${#missing[@]} == 0)); then
  echo "dependencies: all present (${groups[*]})"
  exit 0
fi

as_root=()
((EUID == 0)) || as_root=(sudo)
echo "dependencies: missing Debian packages: ${missing[*]}"
echo "dependencies: they are installed now: ${as_root[*]:+${as_root[*]} }apt-get install ${missing[*]}"
"${as_root[@]}" apt-get update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"
