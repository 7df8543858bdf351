"""Instructions that one image costs, by callgrind: the figure that repeats on
any machine, so that a change that slows it down is seen."""

import os
import re
import subprocess
import sys

from benchmark import page
from benchmark.measure import Failed, ROOT, WORKER

SAMPLES = os.path.join(ROOT, "tests/data/samples")
SIZES = "200x,64x,32x"
MORE_ALLOWED = 0.03
HEAD = "Instructions for one image"


def samples():
    return sorted(name for name in os.listdir(SAMPLES)
                  if name.endswith((".jpg", ".png", ".webp")))


def command(name, output):
    return [WORKER, "thumbnail", os.path.join(SAMPLES, name), output,
            "--size", SIZES]


def count(name, fresh):
    """Of the whole process, start included."""
    ext = os.path.splitext(name)[1]
    output = os.path.join(fresh.folder(), "{size}" + ext)
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         *command(name, output)], capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        raise Failed(f"callgrind, {name}:\n{done.stderr[-1000:]}")
    return int(found.group(1))


def measure(section, fresh, options):
    rows, total = [], 0
    for name in samples()[:options.at_most]:
        instructions = count(name, fresh)
        total += instructions
        rows.append((name, f"{instructions:,}"))
    rows.append(("all", f"{total:,}"))
    section.heading(HEAD)
    section.say("valgrind's callgrind counts the instructions of the whole "
                "process: start, reading, three sizes, writing. It knows AVX2 "
                "but not AVX-512. `scripts/bench --only instructions --check` "
                "fails if any file takes more than "
                f"{MORE_ALLOWED:.0%} above these figures.\n")
    section.command(command("FILE", "OUT/{size}.jpg"))
    section.table(("file", "instructions"), rows)


def recorded():
    """{file: instructions} of the page."""
    with open(page.PAGE, encoding="utf-8") as file:
        text = file.read().partition(f"## {HEAD}\n")[2].partition("\n## ")[0]
    return {name: int(number.replace(",", "")) for name, number in
            re.findall(r"^\| (\S+) \| ([0-9,]+) \|$", text, re.M)}


def check(fresh):
    """Exit code: 1 if any file costs more than it is recorded to."""
    before = recorded()
    if not before:
        print("docs/benchmarks.md records no instruction counts",
              file=sys.stderr)
        return 1
    slower = False
    for name in samples():
        if name not in before:
            print(f"{name}: not recorded")
            slower = True
            continue
        change = count(name, fresh) / before[name] - 1
        slower |= change > MORE_ALLOWED
        print(f"{name}: {change:+.2%}"
              f"{' MORE THAN ALLOWED' if change > MORE_ALLOWED else ''}",
              flush=True)
    return 1 if slower else 0
