"""Holds comments and pages to plain English: counts two habits that make text
hard to read, prints each place with file and line, exits 1 above the bounds.

  scripts/check_prose.py [FOLDER]      # default: the checkout

The habits are symptoms: a text can keep both bounds and still be a riddle.
A reader decides, not this script.
"""

import os
import re
import subprocess
import sys

# Noun clauses ("what was asked") for 1,000 words of comments or of a page.
MOST_WHAT = 1.5
# Share of comment blocks that open with a preposition or a bare label.
MOST_ODD = 0.04

ODD_OPENER = re.compile(
    r"(Of|What|So|By|In|At|From|To|With|For)\b|[\w'-]+( [\w'-]+)?:(\s|$)")
# Not prose: `TODO: ...`, `NOLINT`, the path that opens a header's head, and the
# labelled lines of that head.
NOT_A_LABEL = re.compile(r"(TODO|NOTE|Dictionary|Links)\b|\S+\.(h|cc): ")
WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
WHAT = re.compile(r"\bwhat\b", re.IGNORECASE)


def tracked(root, *suffixes):
    """The files of the checkout, or of a copy without git, by their ends."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], check=False,
                            capture_output=True, text=True)
    if listed.returncode == 0:
        names = listed.stdout.split("\0")
    else:
        names = [os.path.relpath(os.path.join(folder, name), root)
                 for folder, _, files in os.walk(root) for name in files]
    return [name for name in sorted(names)
            if name.endswith(suffixes) and not name.startswith("build/")]


def comments(path):
    """(line number, text, is it a full line) of each // comment."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            bare = re.sub(r'"(\\.|[^"\\])*"', '""', line)
            at = bare.find("//")
            if at < 0:
                continue
            text = bare[at:].lstrip("/").strip()
            yield number, text, not bare[:at].strip()


def blocks(lines):
    """Runs of full-line comments, as (number of the first line, its text)."""
    last = None
    for number, text, whole in lines:
        if whole and number - 1 != last and text:
            yield number, text
        if whole:
            last = number


def page_lines(path):
    """The prose of a page: no code, no tables' rules."""
    fenced = False
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            elif not fenced:
                yield number, re.sub(r"`[^`]*`", "", line)


def count(lines):
    words, found = 0, []
    for number, text in lines:
        words += len(WORD.findall(text))
        found += [(number, text.strip())] * len(WHAT.findall(text))
    return words, found


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "..")
    wrong = []
    words, what, block_count, odd = 0, [], 0, []
    for name in tracked(root, ".h", ".cc"):
        lines = list(comments(os.path.join(root, name)))
        more, found = count((number, text) for number, text, _ in lines)
        words += more
        what += [(name, *place) for place in found]
        for number, text in blocks(lines):
            block_count += 1
            if ODD_OPENER.match(text) and not NOT_A_LABEL.match(text):
                odd.append((name, number, text))
    rate = 1000 * len(what) / max(words, 1)
    if rate > MOST_WHAT:
        wrong += [f"{name}:{line}: what: {text}" for name, line, text in what]
    share = len(odd) / max(block_count, 1)
    if share > MOST_ODD:
        wrong += [f"{name}:{line}: opens with: {text}"
                  for name, line, text in odd]
    summary = [f"comments: {words} words, {rate:.1f} 'what' for 1,000; "
               f"{block_count} blocks, {100 * share:.1f} % odd openers"]
    words, what = 0, []
    for name in tracked(root, ".md"):
        more, found = count(page_lines(os.path.join(root, name)))
        words += more
        what += [(name, *place) for place in found]
    rate = 1000 * len(what) / max(words, 1)
    if rate > MOST_WHAT:
        wrong += [f"{name}:{line}: what: {text}" for name, line, text in what]
    summary.append(f"pages: {words} words, {rate:.1f} 'what' for 1,000")
    print("\n".join(wrong + summary))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
