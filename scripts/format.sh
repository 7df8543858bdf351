#!/usr/bin/env bash
# Formats the C++ sources in place (.clang-format); --check only says what
# would change; --find only says which clang-format is used, and fails if there
# is none. Other versions lay out the same code in another way, so version 14 is
# taken: Debian 12's, else PyPI's, installed below build/.
set -euo pipefail
cd "$(dirname "$0")/.."

version=14.0.6
find_tool() {
  local name
  for name in clang-format-14 clang-format; do
    if command -v "$name" >/dev/null && "$name" --version | grep -q 'version 14\.'
    then
      echo "$name"
      return
    fi
  done
  local venv="build/clang-format-$version"
  if ! [ -x "$venv/bin/clang-format" ]; then
    /usr/bin/python3 -m venv "$venv" &&
      "$venv/bin/pip" install -q --retries 1 "clang-format==$version" || return 1
  fi >&2
  echo "$venv/bin/clang-format"
}

tool="$(find_tool)" ||
  { echo "clang-format 14 cannot be installed" >&2; exit 1; }
mapfile -d '' files < <(git ls-files -z '*.h' '*.cc' 2>/dev/null ||
  find common proto worker coordinator tests \( -name '*.h' -o -name '*.cc' \) \
    -print0)
case "${1-}" in
  '') exec "$tool" -i "${files[@]}" ;;
  --find) echo "$tool" ;;
  --check) exec "$tool" --dry-run --Werror "${files[@]}" ;;
  *) echo "usage: scripts/format.sh [--check|--find]" >&2; exit 1 ;;
esac
