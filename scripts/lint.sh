#!/usr/bin/env bash
# Runs clang-tidy (.clang-tidy: few checks, all errors) over the sources, or
# over the files named. Prints what it finds, and returns 1 if that is anything.
# Needs clang-tidy and clang: its flags are those of the preset tidy.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset tidy >/dev/null
# The headers that protobuf writes.
cmake --build build/tidy --target proto/thumbmill.pb.h >/dev/null
files=("$@")
[ "${#files[@]}" -gt 0 ] ||
  mapfile -t files < <(git ls-files 'common/*.cc' 'proto/*.cc' 'worker/*.cc' \
    'coordinator/*.cc')
printf '%s\0' "${files[@]}" |
  xargs -0 -n1 -P"$(nproc)" clang-tidy -quiet -p build/tidy 2>build/tidy/stderr ||
  { grep -v ' warnings\? generated' build/tidy/stderr; exit 1; }
echo "${#files[@]} files without findings"
