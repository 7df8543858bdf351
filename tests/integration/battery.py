"""Looks at processes, sockets, the tree and the journal after a fault, never at
the program's own report."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time

from harness import (COORDINATOR, ProgramCase, children, png, png_of, tree,
                     wait_until)

SIZES = ("-s", "24x,10x")


def endpoint_of(pid, parent):
    """Returns the coordinator's endpoint if `pid` is a worker of `parent`, else
    None. A zombie, or a child before its exec, is no worker."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            arguments = file.read().decode(errors="replace").split("\0")
    except OSError:
        return None
    if f"--parent={parent}" not in arguments:
        return None
    return next((each.partition("=")[2] for each in arguments
                 if each.startswith("--endpoint=")), "")


def workers_of(pid):
    """Returns {process: endpoint} for all workers of `pid`, orphaned or not."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        endpoint = endpoint_of(name, pid)
        if endpoint is not None:
            found[int(name)] = endpoint
    return found


def sockets():
    with open("/proc/net/unix", encoding="utf-8", errors="replace") as file:
        return {line.split()[-1] for line in file if "@thumbmill" in line}


def left_in_tmp():
    """Returns files that SQLite or we would leave behind. Folders of tests that
    run at the same time have a dash in their names."""
    return {name for name in os.listdir("/tmp")
            if re.match("etilqs|thumbmill(?!-)", name)}


def records(state):
    """Returns [(source, status, reason)] of the journal, read by SQLite
    itself."""
    journal = sqlite3.connect(f"file:{state}/journal.sqlite?mode=ro", uri=True)
    try:
        return sorted(journal.execute("SELECT uri, status, reason FROM items"))
    finally:
        journal.close()


class Watched:
    """A run, and everything seen of it while it lived."""

    def __init__(self, process):
        self.process = process
        self.pid = process.pid
        self.workers = set()
        self.endpoints = set()

    def look(self):
        for pid in set(children(self.pid)) - self.workers:
            endpoint = endpoint_of(pid, self.pid)
            if endpoint is not None:
                self.workers.add(pid)
                self.endpoints.add(endpoint.removeprefix("ipc://"))

    def until_ended(self, timeout=60):
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            self.look()
            if time.monotonic() > deadline:
                raise AssertionError(f"still running after {timeout} s")
            time.sleep(0.005)
        return self.process.returncode


class FaultCase(ProgramCase):
    """A small job with every kind of input, and the result of an undisturbed
    run."""

    PICTURES = 24

    def setUp(self):
        super().setUp()
        self.tmp_before = left_in_tmp()

    def make_job(self):
        for i in range(self.PICTURES):
            self.write(f"in/{i % 3}/{i}.png", png(40 + i, 30, i))
        self.write("in/broken.png", png_of(60, 40, b"\xff" * 200))
        self.write("in/words.txt", "no picture")
        self.run_job("reference", code=2)
        self.reference = tree(self.path("reference"))
        self.assertEqual(len(self.reference), 2 * self.PICTURES)
        self.wanted = records(self.path("reference/.thumbmill"))

    def job(self, output):
        return ("-q", "-j", 2, "-i", "in", "-o", output, *SIZES)

    def run_job(self, output="out", code=None, **options):
        return self.finish(self.begin(output, **options), code, 60)

    def begin(self, output="out", env=(), arguments=()):
        process = subprocess.Popen(
            [COORDINATOR, *map(str, self.job(output)), *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=self.dir,
            env={**os.environ, **dict(env)})
        self.started.append(process)
        self.watch_memory(process, [*self.job(output), *arguments])
        return process

    def watch(self, **options):
        return Watched(self.begin(**options))

    def end(self, run):
        """Waits for the end of the process; returns its standard error."""
        _, err = run.process.communicate(timeout=10)
        return err.decode(errors="replace")

    def assert_clean(self, run):
        """Checks that nothing outlives a coordinator by 2 s and no file is
        partial."""
        wait_until(lambda: not workers_of(run.pid), 2, "its workers are gone")
        self.assertEqual(sockets() & run.endpoints, set())
        self.assertEqual(set(os.listdir("/dev/shm")) - self.shared_before,
                         set())
        self.assertEqual(left_in_tmp() - self.tmp_before, set())
        for path, digest in self.made().items():
            self.assertEqual(digest, self.reference.get(path), path)

    def made(self, output="out"):
        return tree(self.path(output))

    def assert_whole(self, output="out"):
        self.assertEqual(self.made(output), self.reference)
        self.assertEqual(records(self.path(output, ".thumbmill")), self.wanted)
        lanes = self.path(output, ".thumbmill/tmp")
        left = [name for lane in os.listdir(lanes)
                for name in os.listdir(os.path.join(lanes, lane))]
        self.assertEqual(left, [])

    def forget(self, output="out"):
        shutil.rmtree(self.path(output), ignore_errors=True)


def killed(code):
    return code == -signal.SIGKILL
