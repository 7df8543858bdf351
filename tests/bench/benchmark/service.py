"""What surrounds the pictures: downloading, many small files, long lists, the
memory of a whole run."""

import os
import statistics
import subprocess
import sys

from benchmark import sets
from benchmark.measure import (MAKE_IMAGE, ROOT, WORKERS, CpuByProcess, Peaks,
                               Run, interleaved, mib, ours, spread, stage)

sys.path.insert(0, os.path.join(ROOT, "scripts"))
from nginx_server import NginxServer  # noqa: E402

SIZES = "200x,64x,32x"


def http(section, fresh, options):
    paths, origin = sets.photographs()
    paths = paths[:options.at_most]
    folder, files = stage(fresh, paths, options.passes)
    count = len(files)
    with NginxServer(folder, access_log=False) as server:
        urls = os.path.join(fresh.parent, "urls.txt")
        with open(urls, "w", encoding="utf-8") as file:
            for name in sorted(os.listdir(folder)):
                file.write(f"{server.url}/{name}\n")

        def job(source, *flags):
            def run():
                output = fresh.folder()
                run = Run(ours(source, output, SIZES, *flags))
                fresh.check(output, 3 * count)
                return run
            return run
        disk, web = job(folder), job(urls, "--allow-loopback")
        disk()  # warms the page cache for both
        runs = interleaved(section.rounds, {"from disk": disk,
                                            "from nginx": web})
    base = statistics.median(run.cpu for run in runs["from disk"])
    section.heading(f"The cost of downloading: {len(paths)} photographs of "
                    f"{origin}, {options.passes} times, nginx on the same "
                    "machine")
    section.command(ours("URLS", "OUT", SIZES, "--allow-loopback"))
    section.table(
        ("", "images/s", "CPU s, without nginx", "against disk"),
        [(name, spread([count / run.wall for run in each]),
          spread([run.cpu for run in each], "{:.2f}"),
          f"{statistics.median(r.cpu for r in each) / base - 1:+.1%}")
         for name, each in runs.items()])


def small(section, fresh, options):
    count = options.small
    folder = fresh.folder()
    subprocess.run([MAKE_IMAGE, "--many", folder, str(count), "64x64"],
                   check=True)
    samplers = []

    def run_once():
        output = fresh.folder()
        samplers.append(CpuByProcess())
        run = Run(ours(folder, output, "32x"), samplers[-1])
        fresh.check(output, count)
        return run
    run_once()
    samplers.clear()
    runs = interleaved(section.rounds, {"thumbmill": run_once})["thumbmill"]

    def by(role, which):
        return spread([sampler.sums(role)[which] for sampler in samplers],
                      "{:.2f}")
    section.heading(f"Small images: {count:,} distinct JPEGs of 64×64 from a "
                    "directory, one size")
    section.command(ours("SMALL", "OUT", "32x"))
    section.table(
        ("images/s", "coordinator user s", "coordinator system s",
         "workers user s", "workers system s"),
        [(spread([count / run.wall for run in runs], "{:.0f}"),
          by("coordinator", 0), by("coordinator", 1), by("workers", 0),
          by("workers", 1))])


def decode_weight(picture):
    """Pixels; of a progressive JPEG, whose coefficients may all have to be
    held, four times as many."""
    return picture.pixels * (4 if picture.kind == "progressive" else 1)


def bound(section, fresh, _):
    paths, origin = sets.photographs()
    largest = max(map(sets.inspect, paths), key=decode_weight).path
    folder, files = stage(fresh, [largest], 20)
    rows = []
    for limit in ("2G", "512M"):
        peaks = Peaks()
        output = fresh.folder()
        run = Run(ours(folder, output, SIZES, "--memory", limit), peaks)
        fresh.check(output, 3 * len(files))
        rows.append((limit, mib(peaks.private), mib(peaks.shared),
                     mib(peaks.total), f"{len(files) / run.wall:.1f}"))
    section.heading(
        f"The limit on memory: {len(files)} times the photograph that costs "
        f"most to decode, of {origin} ({os.path.basename(largest)}, "
        f"{os.path.getsize(largest) / 1e6:.1f} MB), {WORKERS} workers")
    section.command(ours("PHOTOS", "OUT", SIZES, "--memory", "512M"))
    section.table(("--memory", "private MiB", "shared MiB",
                   "both at once MiB", "images/s"), rows)


def lines(section, fresh, options):
    count = options.lines
    paths, _ = sets.photographs()
    urls = os.path.join(fresh.parent, "lines.txt")
    good = 0
    with open(urls, "w", encoding="utf-8") as file:
        for number in range(count):
            # All but these are refused before a packet is sent.
            if number % (count // 100) == 0:
                file.write(f"{paths[good % len(paths)]}\n")
                good += 1
            else:
                file.write(f"http://127.0.0.1/{number}.jpg\n")
    peaks = Peaks()
    output = fresh.folder()
    flags = ("--memory", "512M", "--name", "{index}_{size}.{ext}")
    run = Run(ours(urls, output, "64x", *flags), peaks, codes=(2,))
    os.remove(urls)
    section.heading(f"A long list: {count:,} lines, all but {good} refused at "
                    "once, --memory 512M")
    section.command(ours("LINES", "OUT", "64x", *flags))
    section.table(("lines/s", "private MiB", "shared MiB",
                   "both at once MiB"),
                  [(f"{count / run.wall:,.0f}", mib(peaks.private),
                    mib(peaks.shared), mib(peaks.total))])
