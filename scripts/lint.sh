#!/usr/bin/env bash
# Runs clang-tidy (.clang-tidy: few checks, all errors) over the sources, or
# over the files named. Needs the package clang-tidy and a configured build.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f build/dev/compile_commands.json ] || cmake --preset dev >/dev/null
files=("$@")
[ "${#files[@]}" -gt 0 ] ||
  mapfile -t files < <(git ls-files 'common/*.cc' 'proto/*.cc' 'worker/*.cc' \
    'coordinator/*.cc')
printf '%s\0' "${files[@]}" |
  xargs -0 -n1 -P"$(nproc)" clang-tidy -quiet -p build/dev
