"""Prints which share of the lines was run, one figure a folder.

  coverage.py BUILD     # of the preset coverage, after its tests

Needs llvm-profdata and llvm-cov. BUILD/counts holds what was counted, a file
for each program; BUILD/coverage.txt gets each file's figure.
"""

import collections
import glob
import json
import os
import subprocess
import sys

LAYERS = ("common", "proto", "worker", "coordinator")


def programs(build):
    """The programs that hold counted code: those of ours, and the tests."""
    for folder in ("coordinator", "worker", "tests", "tests/tools"):
        for path in sorted(glob.glob(os.path.join(build, folder, "*"))):
            if os.path.isfile(path) and os.access(path, os.X_OK):
                yield path


def merge(build):
    profile = os.path.join(build, "counts.profdata")
    counts = glob.glob(os.path.join(build, "counts", "*.profraw"))
    if not counts:
        sys.exit(f"{build}: nothing was counted; run its tests first")
    subprocess.run(["llvm-profdata", "merge", "-sparse", "-o", profile,
                    *counts], check=True)
    return profile


def lines_by_file(build, profile, root):
    objects = [word for path in programs(build)
               for word in ("-object", path)][1:]
    report = subprocess.run(
        ["llvm-cov", "export", "-summary-only", "-instr-profile", profile,
         *objects], check=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL)
    for entry in json.loads(report.stdout)["data"][0]["files"]:
        path = os.path.relpath(entry["filename"], root)
        if path.split("/")[0] in LAYERS:
            lines = entry["summary"]["lines"]
            yield path, lines["covered"], lines["count"]


def show(label, covered, count):
    return f"{100 * covered / max(count, 1):6.1f} %  {covered:6} of " \
           f"{count:6}  {label}"


def main():
    build = sys.argv[1]
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders = collections.defaultdict(lambda: [0, 0])
    files = sorted(lines_by_file(build, merge(build), root))
    for path, covered, count in files:
        for key in (os.path.dirname(path) + "/", "all"):
            folders[key][0] += covered
            folders[key][1] += count
    with open(os.path.join(build, "coverage.txt"), "w",
              encoding="utf-8") as file:
        file.writelines(show(*entry) + "\n" for entry in files)
    for key in sorted(folders, key=lambda key: (key == "all", key)):
        print(show(key, *folders[key]))


if __name__ == "__main__":
    main()
