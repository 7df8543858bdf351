"""Images a second of one set: ours against the peers, and what bounds us."""

import math
import os
import re
import statistics
import subprocess
import sys

from benchmark import peers, sets
from benchmark.measure import (PROGRAMS, Failed, Run, THUMBNAIL_BENCH, WORKERS,
                               interleaved, ours, spread, stage)

WIDTHS = "200,64,32"
SIZES = "200x,64x,32x"
# Against the fastest peer.
BARS = {"seed": 3.0, "baseline": 2.0, "progressive": 15.0, "png": 1.5,
        "webp": 1.0}
CEILING_SHARE = 0.8  # of our decoders, on JPEG sets
OWN_READER_SHARE = 0.95
OUR_DECODERS = "our decoders alone"
JPEG_SETS = ("seed", "baseline", "progressive")


class Contender:
    """Does whole passes over the set, as many as last `seconds`."""

    def __init__(self, fresh, pictures, job):
        self.fresh = fresh
        self.pictures = pictures
        self.job = job  # (folder, files, output) -> (Run, seconds)
        self.use(1)

    def use(self, passes):
        self.passes = passes
        self.folder, self.files = stage(self.fresh, self.pictures.paths, passes)

    def run(self):
        """(images a second, CPU seconds an image)."""
        output = self.fresh.folder()
        run, seconds = self.job(self.folder, self.files, output)
        self.fresh.check(output, 3 * len(self.files))
        self.output = output
        return len(self.files) / seconds, run.cpu / len(self.files)

    @property
    def first_pass(self):
        return self.files[:len(self.pictures.paths)]

    def calibrate(self, seconds):
        """Twice: in the first, short run start-up is most of the time."""
        for _ in range(2):
            rate, _ = self.run()
            passes = math.ceil(seconds * rate / len(self.pictures.paths))
            if passes <= self.passes:
                break
            self.use(passes)


def our_job(folder, _, output):
    run = Run(ours(folder, output, SIZES))
    return run, run.wall


def peer_job(peer):
    def job(_, files, output):
        run = peer.run(files, output, WIDTHS)
        # Without its start-up, where it can tell; ours is counted.
        told = "seconds " in run.output
        return run, run.number("seconds") if told else run.wall
    return job


def decode_only(paths, mode, seconds):
    """Images a second of WORKERS processes that each decode all files, and
    who read how many of them."""
    def once(rounds):
        processes = [subprocess.Popen(
            [THUMBNAIL_BENCH, mode, "--rounds", str(rounds), "--sizes", SIZES,
             *paths], stdout=subprocess.PIPE, text=True)
            for _ in range(WORKERS)]
        outputs = [process.communicate()[0] for process in processes]
        if any(process.returncode for process in processes):
            sys.exit(f"thumbnail_bench {mode} failed")
        if any(" 0 failed" not in text for text in outputs):
            return None, {}
        rate = sum(float(re.search(r"([0-9.]+) images/s", text).group(1))
                   for text in outputs)
        readers = dict(re.findall(r"reader (.+): (\d+) files", outputs[0]))
        return rate, {name: int(n) for name, n in readers.items()}
    rate, readers = once(1)
    if rate is None:
        return None, {}
    rounds = max(1, math.ceil(seconds * rate / WORKERS / len(paths)))
    return lambda: once(rounds)[0], readers


def check_outputs(contender):
    """Three right thumbnails an image? Needs Pillow."""
    if os.path.exists(peers.PYTHON):
        Run([peers.PYTHON, os.path.join(PROGRAMS, "check_outputs.py"),
             contender.output, WIDTHS, *contender.first_pass])


def contend(pictures, fresh, jobs, seconds):
    """({name: Contender}, {name: why not})."""
    ready, unable = {}, {}
    for name, job in jobs.items():
        contender = Contender(fresh, pictures, job)
        try:
            contender.calibrate(seconds)
            check_outputs(contender)
        except Failed as why:
            print(f"  {name} cannot: {why}", file=sys.stderr)
            unable[name] = str(why).strip().split("\n")[-1]
            continue
        ready[name] = contender
        print(f"  {name}: {contender.passes} passes", file=sys.stderr)
    return ready, unable


def measure(name, section, fresh, options, found):
    """`found`: the Peers."""
    pictures = sets.get(name, options.at_most)
    if pictures is None:
        section.heading(sets.SETS[name][0])
        section.say("Left out: the corpus is missing.\n")
        return
    jobs = {"thumbmill": our_job}
    jobs.update({peer.name: peer_job(peer) for peer in found.all})
    contenders, unable = contend(pictures, fresh, jobs, options.seconds)
    commands = {each: contender.run for each, contender in contenders.items()}
    bounds, readers = bounds_of(name, pictures, options.seconds / 2)
    runs = interleaved(section.rounds, commands | bounds)
    report(name, section, pictures, contenders, runs)
    for each, why in unable.items():
        section.say(f"{each} cannot do this set: {why}\n")
    bars(name, section, runs, contenders, readers)


def bounds_of(name, pictures, seconds):
    """{name: function -> images a second}, who read the files."""
    bounds = {}
    ceiling, readers = decode_only(pictures.paths, "--ceiling", seconds)
    if ceiling:
        bounds[OUR_DECODERS] = ceiling
    if name in JPEG_SETS:
        library, _ = decode_only(pictures.paths, "--libjpeg", seconds)
        if library:
            bounds["libjpeg-turbo alone"] = library
    return bounds, readers


def rates_of(values):
    return [run[0] if isinstance(run, tuple) else run for run in values]


def report(name, section, pictures, contenders, runs):
    rates = {each: rates_of(values) for each, values in runs.items()}
    median = {each: statistics.median(all_) for each, all_ in rates.items()}
    mine = median.get("thumbmill")
    section.heading(f"{pictures.title}: three sizes, {WORKERS} cores, disk to "
                    "disk")
    section.say(pictures.describe() + "\n")
    section.command(ours("SET", "OUT", SIZES))
    rows = []
    for each, all_ in rates.items():
        peer = each in contenders
        cpu = [1e3 * run[1] for run in runs[each]] if peer else None
        rows.append((each, spread(all_),
                     f"{mine / median[each]:.2f}×" if mine else "",
                     spread(cpu) if peer else "",
                     str(contenders[each].passes) if peer else ""))
    section.table(("", "images/s", "thumbmill ÷ this row", "CPU ms per image",
                   "passes per run"), rows)


def bars(name, section, runs, contenders, readers):
    median = {each: statistics.median(rates_of(values))
              for each, values in runs.items()}
    mine = median.get("thumbmill", 0)  # 0: it cannot do this set
    others = {each: median[each] for each in contenders if each != "thumbmill"}
    title = sets.SETS[name][0]
    if others:
        best = max(others, key=others.get)
        ratio = mine / others[best]
        met = ratio > 1 if BARS[name] == 1 else ratio >= BARS[name]
        wanted = "above 1×" if BARS[name] == 1 else f"{BARS[name]:g}×"
        section.bar(f"{title}: speed against the fastest peer ({best})", wanted,
                    f"{ratio:.2f}×", met)
    if name in JPEG_SETS:
        ceiling_bars(title, section, mine, median.get(OUR_DECODERS), readers)


def ceiling_bars(title, section, mine, ceiling, readers):
    share = mine / ceiling if ceiling else 0
    section.bar(f"{title}: speed of the whole job, as a share of our decoders "
                "alone", f"{CEILING_SHARE:.0%}", f"{share:.0%}",
                share >= CEILING_SHARE)
    files = sum(readers.values())
    own = readers.get("own", 0) / max(1, files)
    section.bar(f"{title}: files read by our own reader",
                f"{OWN_READER_SHARE:.0%}", f"{own:.0%}",
                own >= OWN_READER_SHARE)
    section.say("Files by reader: " + ", ".join(
        f"{name} {count}" for name, count in readers.items()) + ".\n")
