#!/usr/bin/python3
"""Puts what `coordinator compare --report DIR` wrote into the documents.

usage: scripts/update_comparison.py DIR

README.md gets the table of the images as given and what a crash costs,
docs/comparison.md all tables, docs/comparison.svg the plot. They stand between
<!-- compare --> and <!-- /compare -->.
"""
import pathlib
import re
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def replace(document, text):
    path = ROOT / document
    old = path.read_text()
    new, count = re.subn(r"(<!-- compare -->\n).*?(<!-- /compare -->)",
                         lambda m: m[1] + text.strip() + "\n" + m[2], old,
                         flags=re.S)
    if count != 1:
        sys.exit(f"{document}: no place for the comparison")
    path.write_text(new)


def main(folder):
    text = (folder / "compare.md").read_text()
    head, *sections = re.split(r"(?m)^(?=### )", text)
    short = [s for s in sections
             if s.startswith(("### given", "### What a crash"))]
    replace("README.md", head + "\n" + "".join(short) +
            "\n![throughput against workers](docs/comparison.svg)\n")
    replace("docs/comparison.md", text +
            "\n![throughput and stages](comparison.svg)\n")
    shutil.copy(folder / "compare.svg", ROOT / "docs/comparison.svg")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
