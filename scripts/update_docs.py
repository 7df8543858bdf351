#!/usr/bin/python3
"""Puts the texts of `coordinator --help` and `coordinator compare --help` into
docs/cli.md, after the sentences that announce them.

usage: scripts/update_docs.py COORDINATOR [--check]

With --check it changes nothing and fails when the page differs.
"""
import pathlib
import subprocess
import sys

DOC = pathlib.Path(__file__).resolve().parent.parent / "docs" / "cli.md"
OPEN, CLOSE = "```text\n", "```\n"
HELPS = (["--help"], ["compare", "--help"])


def with_help(page, program, arguments):
    text = subprocess.run([program, *arguments], check=True,
                          capture_output=True, text=True).stdout
    announced = page.index(f"`coordinator {' '.join(arguments)}` prints this:")
    begin = page.index(OPEN, announced) + len(OPEN)
    return page[:begin] + text + page[page.index(CLOSE, begin):]


def main(program, check):
    old = new = DOC.read_text()
    for arguments in HELPS:
        new = with_help(new, program, arguments)
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
