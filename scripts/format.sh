#!/usr/bin/env bash
# Formats the C++ sources in place (.clang-format); --check only says what
# would change. Needs the package clang-format.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -d '' files < <(git ls-files -z '*.h' '*.cc')
case "${1-}" in
  '') exec clang-format -i "${files[@]}" ;;
  --check) exec clang-format --dry-run --Werror "${files[@]}" ;;
  *) echo "usage: scripts/format.sh [--check]" >&2; exit 1 ;;
esac
