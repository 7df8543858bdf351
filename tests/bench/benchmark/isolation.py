"""What isolation costs: CPU time with the sandbox and without, and in worker
processes against threads."""

import statistics
import subprocess

from benchmark import sets
from benchmark.measure import (MAKE_IMAGE, Run, interleaved, ours, spread,
                               stage)

SIZES = "200x,64x,32x"
LEAST_ROUNDS = 9
PASSES = 20  # more than 1,000 photographs of the corpus
SANDBOX, PROCESSES = 0.03, 0.05  # may cost more
WAYS = {
    "threads": ("--backend", "threads"),
    "sandbox off": ("--sandbox", "off"),
    "sandbox auto": ("--sandbox", "auto"),
    "sandbox require": ("--sandbox", "require"),
}


def compare(section, fresh, options, what, folder, count):
    def job(flags):
        def run():
            output = fresh.folder()
            run = Run(ours(folder, output, SIZES, *flags))
            fresh.check(output, 3 * count)
            return run.cpu * 1000 / count, count / run.wall
        return run
    jobs = {name: job(flags) for name, flags in WAYS.items()}
    jobs["threads"]()  # warms the page cache for all
    rounds = section.rounds
    if not options.smoke:
        rounds = max(rounds, LEAST_ROUNDS)
    runs = interleaved(rounds, jobs)
    cpu = {name: [each[0] for each in found] for name, found in runs.items()}
    median = {name: statistics.median(each) for name, each in cpu.items()}
    section.say(f"{what}, {rounds} rounds in turn:\n")
    section.table(
        ("", "CPU s for 1,000 images", "against threads",
         "against sandbox off", "images/s"),
        [(name, spread(cpu[name], "{:.3f}"),
          f"{median[name] / median['threads'] - 1:+.1%}",
          f"{median[name] / median['sandbox off'] - 1:+.1%}",
          spread([each[1] for each in runs[name]]))
         for name in WAYS])
    return median


def bars(section, median):
    sandbox = median["sandbox require"] / median["sandbox off"] - 1
    processes = median["sandbox require"] / median["threads"] - 1
    section.bar("CPU time of the sandbox, photographs",
                f"at most {SANDBOX:+.0%}", f"{sandbox:+.1%}",
                sandbox <= SANDBOX)
    section.bar("CPU time of sandboxed processes against threads, photographs",
                f"at most {PROCESSES:+.0%}", f"{processes:+.1%}",
                processes <= PROCESSES)


def measure(section, fresh, options):
    section.heading("The cost of isolation")
    section.say("CPU time is user and system time of all processes. The row "
                "\"threads\" runs the same code in the coordinator itself.\n")
    section.command(ours("PHOTOS", "OUT", SIZES, "--sandbox", "require"))
    paths, origin = sets.photographs()
    paths = paths[:options.at_most]
    passes = 1 if options.smoke else PASSES
    folder, files = stage(fresh, paths, passes)
    bars(section, compare(
        section, fresh, options,
        f"{len(files)} photographs ({origin}, {passes} times)",
        folder, len(files)))
    folder, count = fresh.folder(), options.small // 4
    subprocess.run([MAKE_IMAGE, "--many", folder, str(count), "64x64"],
                   check=True)
    compare(section, fresh, options, f"{count:,} JPEGs of 64×64", folder,
            count)
