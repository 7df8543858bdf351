"""Adds up what scripts/test ran: the last line of its output, and its verdict.

Reads <folder>/steps ("name passed|failed" a line) and ctest's junit files.
Exit code 0 when something passed, nothing failed and nothing was skipped.
"""

import glob
import os
import re
import sys
import xml.etree.ElementTree as ElementTree


def read_steps(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            name, verdict = line.rsplit(None, 1)
            yield name, verdict


def read_junit(path):
    verdicts = {"run": "passed", "fail": "failed", "notrun": "skipped",
                "disabled": "skipped"}
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        verdict = verdicts.get(case.get("status"), "failed")
        # A program that is not there was not skipped, it failed to be built.
        skipped = case.find("skipped")
        if verdict == "skipped" and skipped is not None and "Not Found" in (
                skipped.get("message") or ""):
            verdict = "failed"
        yield case.get("name"), verdict


def corpus_tests(folder):
    """Tests that need the corpus, by the words in their sources."""
    count = 0
    for path in glob.glob(os.path.join(folder, "test_*corpus*.py")):
        with open(path, encoding="utf-8") as file:
            count += len(re.findall(r"^    def test_", file.read(), re.M))
    return count


def main():
    if sys.argv[1] == "--corpus-tests":
        print(corpus_tests(sys.argv[2]))
        return 0
    folder = sys.argv[1]
    results = list(read_steps(os.path.join(folder, "steps")))
    for path in sorted(glob.glob(os.path.join(folder, "*.xml"))):
        preset = os.path.splitext(os.path.basename(path))[0]
        results += [(f"{name} ({preset})", verdict)
                    for name, verdict in read_junit(path)]
    for wanted in ("failed", "skipped"):
        for name, verdict in results:
            if verdict == wanted:
                print(f"{wanted}: {name}")
    counts = {wanted: sum(verdict == wanted for _, verdict in results)
              for wanted in ("passed", "failed", "skipped")}
    print("{passed} passed, {failed} failed, {skipped} skipped".format(
        **counts))
    return 0 if counts["passed"] and not (
        counts["failed"] or counts["skipped"]) else 1


if __name__ == "__main__":
    sys.exit(main())
