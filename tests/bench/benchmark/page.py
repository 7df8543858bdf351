"""What a section has found, kept in build/bench-results, and the page that is
written from all of them."""

import datetime
import json
import os
import platform
import subprocess

from benchmark.measure import ROOT

RESULTS = os.path.join(ROOT, "build/bench-results")
PAGE = os.path.join(ROOT, "docs/benchmarks.md")


def describe():
    return subprocess.run(
        ["git", "-C", ROOT, "describe", "--always", "--dirty"],
        capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(file.readline().split()[1]) / 2**20
    compiler = subprocess.run(["c++", "--version"], capture_output=True,
                              text=True, check=True).stdout.split("\n")[0]
    return (f"{model}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, "
            f"Linux {platform.release()}, {compiler}")


class Section:
    """Text and bars of one section, as it is being measured."""

    def __init__(self, name, options):
        self.name = name
        self.rounds = options.rounds
        self.lines = []
        self.bars = []

    def heading(self, title):
        self.say(f"## {title}\n")

    def say(self, text):
        print(text, flush=True)
        self.lines.append(text)

    def command(self, command):
        self.say(f"`{' '.join(command).replace(ROOT + '/', '')}`\n")

    def table(self, head, rows):
        lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        lines += ["| " + " | ".join(row) + " |" for row in rows]
        self.say("\n".join(lines) + "\n")

    def bar(self, what, wanted, figure, met):
        """One line of the table of bars; `met` is a bool."""
        self.bars.append([what, wanted, figure, "met" if met else "not met"])
        print(f"  {what}: wanted {wanted}, found {figure}: "
              f"{'met' if met else 'NOT MET'}", flush=True)

    def save(self):
        os.makedirs(RESULTS, exist_ok=True)
        with open(path_of(self.name), "w", encoding="utf-8") as file:
            json.dump({"text": "\n".join(self.lines), "bars": self.bars,
                       "date": str(datetime.date.today()),
                       "commit": describe(), "machine": machine(),
                       "rounds": self.rounds}, file, indent=1)


def path_of(name):
    return os.path.join(RESULTS, name + ".json")


def load(name):
    try:
        with open(path_of(name), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def is_current(name):
    """Measured already, with the commit and machine of now?"""
    found = load(name)
    return (found is not None and found["commit"] == describe() and
            found["machine"] == machine())


def stamp(found):
    return (f"{found['date']}, {found['machine']}, commit {found['commit']}, "
            f"{found['rounds']} rounds")


def write(names):
    """The page, from the last result of each section that has one."""
    found = {name: load(name) for name in names}
    found = {name: each for name, each in found.items() if each}
    stamps = [stamp(each) for each in found.values()]
    usual = max(stamps, key=stamps.count) if stamps else ""
    text = ["# Benchmarks\n",
            "`scripts/bench --write` writes this page: how fast thumbmill is "
            "beside its peers, how near its pictures are to the ideal, and "
            "how much memory and time it takes. Figures are medians of "
            "interleaved runs, with the lowest and the highest run in "
            "brackets. Every run writes all its outputs to disk.\n\n"
            f"{usual}\n"]
    bars = [bar for each in found.values() for bar in each["bars"]]
    if bars:
        text += ["## Goals\n", "| goal | wanted | found | result |",
                 "|---|---|---|---|"]
        text += ["| " + " | ".join(bar) + " |" for bar in bars] + [""]
    for each in found.values():
        text.append(each["text"])
        if stamp(each) != usual:
            text.append(f"(This section: {stamp(each)}.)\n")
    missing = [name for name in names if name not in found]
    if missing:
        text.append(f"Not measured: {', '.join(missing)}.\n")
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write("\n".join(text).rstrip() + "\n")
