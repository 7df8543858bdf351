#!/usr/bin/env bash
# Formats the C++ sources in place (.clang-format); --check only says what
# would change. Needs the package clang-format.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -d '' files < <(git ls-files -z '*.h' '*.cc')
if [ "${1-}" = --check ]; then
  exec clang-format --dry-run --Werror "${files[@]}"
fi
exec clang-format -i "${files[@]}"
