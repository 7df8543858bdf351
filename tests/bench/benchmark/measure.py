"""Runs commands and measures them; the folders that they write into."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
BUILD = os.path.join(ROOT, "build/bench")
COORDINATOR = os.path.join(BUILD, "coordinator/coordinator")
WORKER = os.path.join(BUILD, "worker/worker")
THUMBNAIL_BENCH = os.path.join(BUILD, "tests/bench/thumbnail_bench")
MAKE_IMAGE = os.path.join(BUILD, "tests/tools/make_image")
PROGRAMS = os.path.join(ROOT, "tests/bench")
WORKERS = 2
TICK = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """What was run did not do its job, so that there is no figure."""


def ours(source, output, sizes, *flags, workers=WORKERS):
    return [COORDINATOR, "-q", "-j", str(workers), "-i", source, "-o", output,
            "-s", sizes, *flags]


class Run:
    """One finished command: seconds of wall clock and CPU, what it printed.

    `sampler`, called with the process id every `every` seconds.
    """

    def __init__(self, command, sampler=None, codes=(0,), env=None,
                 every=0.02):
        started = time.perf_counter()
        log = tempfile.TemporaryFile()
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
        if sampler:
            while True:
                # WNOWAIT: the process must still be there to be read.
                if os.waitid(os.P_PID, process.pid,
                             os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    break
                sampler(process.pid)
                time.sleep(every)
        _, status, usage = os.wait4(process.pid, 0)
        self.wall = time.perf_counter() - started
        # Of the process and of all children it has waited for.
        self.user, self.system = usage.ru_utime, usage.ru_stime
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        self.output = log.read().decode(errors="replace")
        if process.returncode not in codes:
            raise Failed(f"{' '.join(command)[:400]}\nexit code "
                         f"{process.returncode}\n{self.output[-2000:]}")

    @property
    def cpu(self):
        return self.user + self.system

    def number(self, label):
        """Of a line `LABEL NUMBER` that the command printed."""
        for line in self.output.splitlines():
            if line.startswith(label + " "):
                return float(line.split()[1])
        raise Failed(f"no '{label}' in:\n{self.output[-2000:]}")


# ---- samplers ----

def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as f:
            return [int(word) for word in f.read().split()]
    except OSError:
        return []


def anonymous(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            return sum(int(line.split()[1]) * 1024 for line in file
                       if line.startswith(("RssAnon:", "VmSwap:")))
    except OSError:
        return 0


def memfd_blocks(pid):
    """Each memfd once, by what is really allocated."""
    found = {}
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            path = f"/proc/{pid}/fd/{name}"
            if os.readlink(path).startswith("/memfd:"):
                stat = os.stat(path)
                found[stat.st_dev, stat.st_ino] = stat.st_blocks * 512
    except OSError:
        pass  # it has just ended, or closed the descriptor
    return sum(found.values())


class Peaks:
    """Highest sum of all processes' private memory plus memfd blocks."""

    def __init__(self):
        self.total = self.private = self.shared = 0

    def __call__(self, pid):
        private = sum(map(anonymous, [pid] + children(pid)))
        shared = memfd_blocks(pid)
        self.private = max(self.private, private)
        self.shared = max(self.shared, shared)
        self.total = max(self.total, private + shared)


class LargestProcess:
    """Highest private memory of one process: the first, or of its children."""

    def __init__(self, of_children):
        self.of_children = of_children
        self.peak = 0

    def __call__(self, pid):
        for each in children(pid) if self.of_children else [pid]:
            self.peak = max(self.peak, anonymous(each))


class CpuByProcess:
    """The last seen user and system seconds of coordinator and workers."""

    def __init__(self):
        self.seen = {}

    def __call__(self, pid):
        for each in [pid] + children(pid):
            try:
                with open(f"/proc/{each}/stat", encoding="utf-8") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            role = "coordinator" if each == pid else "workers"
            self.seen[role, each] = (int(fields[11]) / TICK,
                                     int(fields[12]) / TICK)

    def sums(self, role):
        mine = [value for (kind, _), value in self.seen.items()
                if kind == role]
        return sum(user for user, _ in mine), sum(sys_ for _, sys_ in mine)


# ---- folders, rounds, figures ----

class Fresh:
    """A new output folder for each run, on the checkout's own disk."""

    def __init__(self):
        self.parent = tempfile.mkdtemp(prefix="bench-",
                                       dir=os.path.join(ROOT, "build"))
        self.count = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.parent, ignore_errors=True)

    def folder(self):
        self.count += 1
        path = os.path.join(self.parent, str(self.count))
        os.mkdir(path)
        return path

    def check(self, path, expected):
        """Sees that a run's outputs are all there.

        They stay until the end: ext4 passes slowly over inodes that were
        just deleted, which the next run would be measured with.
        """
        found = sum(len(names) for parent, _, names in os.walk(path)
                    if ".thumbmill" not in parent)
        if expected is not None and found != expected:
            raise Failed(f"{path}: {found} outputs instead of {expected}")


def stage(fresh, paths, times=1):
    """A folder with each file `times` times, under names of its own: what all
    tools are given. Links, so that a file's pages are cached once."""
    folder = fresh.folder()
    staged = []
    for turn in range(times):
        for i, path in enumerate(paths):
            stem, ext = os.path.splitext(os.path.basename(path))
            ext = ext.lower().replace(".jpeg", ".jpg")
            name = os.path.join(folder, f"{turn:03}_{i:03}_{stem[:40]}{ext}")
            link(path, name)
            staged.append(name)
    return folder, staged


def link(path, name):
    try:
        os.link(path, name)
    except OSError:  # another file system
        shutil.copyfile(path, name)


def interleaved(rounds, commands):
    """Runs each of {name: function -> value} in turn, `rounds` times; each round
    begins with another, so that none always follows the same one."""
    values = {name: [] for name in commands}
    names = list(commands)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            values[name].append(commands[name]())
            print(f"  round {number + 1}: {name}", file=sys.stderr)
    return values


def spread(values, form="{:.1f}"):
    text = form.format(statistics.median(values))
    return (f"{text} ({form.format(min(values))}–"
            f"{form.format(max(values))})")


def mib(number):
    return f"{number / 2**20:.0f}"
