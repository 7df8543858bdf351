"""Private memory: a worker's against sharp's process, and two pictures whose
rasters are far larger than what a worker may take."""

import os
import subprocess
import sys

from benchmark import peers, sets
from benchmark.measure import (LargestProcess, PROGRAMS, Run, mib, ours, stage)

SIZES = "200x,64x,32x"
SHARE_OF_SHARP = 1 / 3
LARGE = 64 << 20  # bytes
EVERY = 0.001  # seconds from one look to the next

# Name, kind and side of what large_pictures.py makes, and how it is called.
PICTURES = (
    ("20000.png", "png", 20000, "a 20,000×20,000 PNG"),
    ("100mp.jpg", "progressive", 10000, "a 100 MP progressive JPEG"),
)


def corpus_files():
    """{which: paths}, without what is kept to be refused by its name."""
    rows = sets.manifest()
    return {
        "the whole corpus": [os.path.join(sets.corpus(), row["path"])
                             for row in rows],
        "its photographs": [os.path.join(sets.corpus(), row["path"])
                            for row in rows
                            if row["category"].startswith("photos")],
    }


def of_worker(fresh, folder, sizes, *flags, codes=(0, 2)):
    """Peak of the largest child of a coordinator with one worker."""
    sampler = LargestProcess(of_children=True)
    Run(ours(folder, fresh.folder(), sizes, *flags, workers=1), sampler,
        codes=codes, every=EVERY)
    return sampler.peak


def of_sharp(fresh, files):
    sampler = LargestProcess(of_children=False)
    Run(["node", os.path.join(PROGRAMS, "sharp_bench.mjs"), "raw",
         fresh.folder(), "1", "200,64,32", *files], sampler, every=EVERY,
        env={**os.environ, "SHARP_FROM": peers.SHARP, "SHARP_KEEP_GOING": "1"})
    return sampler.peak


def against_sharp(section, fresh, options, version):
    rows = []
    for which, paths in corpus_files().items():
        folder, files = stage(fresh, paths[:options.at_most])
        worker = of_worker(fresh, folder, SIZES)
        sharp = of_sharp(fresh, files)
        rows.append((f"{which}, {len(files)} files", mib(worker), mib(sharp),
                     f"{worker / sharp:.2f}"))
        if which == "the whole corpus":
            section.bar("Private memory of a worker over the whole corpus, as "
                        f"a share of sharp {version}'s process", "at most 1/3",
                        f"{worker / sharp:.2f}",
                        worker <= sharp * SHARE_OF_SHARP)
    section.say("Peaks of private memory (RssAnon, read every millisecond), "
                "one image at a time, with the files linked into one folder. "
                "sharp shares one decode, and libvips has one thread and no "
                "cache; the memory of node itself counts.\n")
    section.table(("", "worker MiB", f"sharp {version} MiB", "ratio"), rows)


def picture(name, kind, side):
    path = os.path.join(sets.FOLDER, "large", name)
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        subprocess.run([sys.executable,
                        os.path.join(PROGRAMS, "large_pictures.py"), kind,
                        str(side), path + ".part"], check=True)
        os.rename(path + ".part", path)
    return path


def large(section, fresh):
    flags = ("--max-pixels", "500000000")
    rows = []
    for name, kind, side, text in PICTURES:
        path = picture(name, kind, side)
        folder, _ = stage(fresh, [path])
        peak = of_worker(fresh, folder, "200x", *flags, codes=(0,))
        rows.append((text, f"{os.path.getsize(path) / 1e6:.1f}", mib(peak)))
        section.bar(f"Private memory for {text} to 200 px", "64 MiB",
                    f"{mib(peak)} MiB", peak <= LARGE)
    section.say("Large pictures, to 200 px:\n")
    section.command(ours("PICTURE", "OUT", "200x", *flags, workers=1))
    section.table(("", "file MB", "worker's private MiB"), rows)


def measure(section, fresh, options, found):
    section.heading("Private memory of one process")
    if found.sharp and sets.corpus():
        against_sharp(section, fresh, options, found.sharp)
    else:
        section.say("Not compared with sharp: sharp or the corpus is missing.\n")
    large(section, fresh)
