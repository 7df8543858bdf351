"""Watches the private memory of each coordinator that a test starts, from
outside: the kernel's count of anonymous memory, never the program's own
report."""

import collections
import os
import threading
import time

MIB = 1 << 20
# Shares in memory_plan.cc: memory for the coordinator itself and for a worker.
COORDINATOR = 72 * MIB
WORKER = 10 * MIB
STORE_AT_MOST = 1024 * MIB
# If a test sets no --memory, three quarters of the machine's memory are too
# loose a bound. Thumbnails that wait for the disk have this much.
USUAL_STORE = 64 * MIB

EVERY = 0.004  # seconds
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

Watched = collections.namedtuple("Watched", "pid arguments bound")


def private_bytes(pid):
    """Returns 0 if the process has ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8",
                  errors="replace") as file:
            for line in file:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) << 10
    except (OSError, ValueError):
        pass
    return 0


def value_of(flags, arguments, default):
    for i, each in enumerate(arguments):
        name, equals, value = each.partition("=")
        if name in flags:
            return value if equals else arguments[i + 1]
    return default


def bound_of(arguments):
    """Returns the memory that the coordinator may hold, as memory_plan.cc
    shares out --memory: its own part and the thumbnails that wait to be stored.
    A coordinator that decodes itself may use nearly all of the rest too."""
    memory = value_of(("--memory",), arguments, "")
    if not memory[-1:] in UNITS:
        return COORDINATOR + USUAL_STORE
    total = int(memory[:-1]) * UNITS[memory[-1]]
    workers = int(value_of(("-j", "--workers"), arguments, 0)) or (
        len(os.sched_getaffinity(0)))
    if value_of(("--backend",), arguments, "processes") != "processes":
        return total
    rest = total - COORDINATOR - workers * WORKER
    return COORDINATOR + min(rest // 8, STORE_AT_MOST)


class MemoryWatch:
    """Looks every few milliseconds, in a thread, while a process lives."""

    def __init__(self):
        self.peaks = {}  # pid: bytes
        self._watched = []
        self._lock = threading.Lock()
        self._thread = None

    def add(self, pid, arguments):
        arguments = [str(each) for each in arguments]
        with self._lock:
            self._watched.append(Watched(pid, arguments, bound_of(arguments)))
            self.peaks[pid] = 0
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, daemon=True)
                self._thread.start()

    def _look(self):
        while True:
            with self._lock:
                alive = [each for each in self._watched if self._sample(each)]
                if not alive:
                    self._thread = None
                    return
            time.sleep(EVERY)

    def _sample(self, watched):
        now = private_bytes(watched.pid)
        self.peaks[watched.pid] = max(self.peaks[watched.pid], now)
        return now > 0

    def check(self):
        """Raises an error if a coordinator held more than --memory grants
        it."""
        for each in self._watched:
            peak = self.peaks[each.pid]
            if peak > each.bound:
                raise AssertionError(
                    f"a coordinator held {peak >> 20} MiB of private memory, "
                    f"more than {each.bound >> 20} MiB: "
                    f"{' '.join(each.arguments)}")
