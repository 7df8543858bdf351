#!/usr/bin/python3
"""Puts the text of `coordinator --help` into docs/cli.md.

usage: scripts/update_docs.py COORDINATOR [--check]

With --check it changes nothing and fails when the two differ.
"""
import pathlib
import subprocess
import sys

DOC = pathlib.Path(__file__).resolve().parent.parent / "docs" / "cli.md"
OPEN, CLOSE = "```text\n", "```\n"


def main(program, check):
    text = subprocess.run([program, "--help"], check=True,
                          capture_output=True, text=True).stdout
    old = DOC.read_text()
    begin = old.index(OPEN) + len(OPEN)
    end = old.index(CLOSE, begin)
    new = old[:begin] + text + old[end:]
    if new == old:
        return 0
    if check:
        print(f"{DOC} differs from --help; run scripts/update_docs.py",
              file=sys.stderr)
        return 1
    DOC.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--check" in sys.argv[2:]))
