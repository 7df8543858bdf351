"""Tests that an image may harm its worker, but nobody else."""

import ctypes
import os
import platform
import random
import signal
import struct
import time
import unittest
import zlib

from harness import (ProgramCase, children, die_with_parent, png, png_of, tree,
                     wait_until)


def slow_png(width=10000, height=10000):
    """Returns a PNG that is quick to make, small to send and slow to decode:
    the same 100 rows again and again, in a deflate stream of independent
    blocks."""
    row = b"\0" + bytes(range(256)) * (width * 3 // 256 + 1)
    rows = row[:1 + width * 3] * 100
    compressor = zlib.compressobj(1)
    start = compressor.compress(b"") + compressor.flush(zlib.Z_FULL_FLUSH)
    block = compressor.compress(rows) + compressor.flush(zlib.Z_FULL_FLUSH)
    sum_of_all = 1
    for _ in range(height // 100):
        sum_of_all = zlib.adler32(rows, sum_of_all)
    return png_of(width, height, start + block * (height // 100) +
                  b"\x01\0\0\xff\xff" + sum_of_all.to_bytes(4, "big"))


def cpu_ticks(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


class Deaths(ProgramCase):
    def killed_while_decoding(self, number, attempts):
        """Runs one slow image and sends its worker the signal at each
        attempt."""
        self.write("photos/slow.png", slow_png())
        self.write("photos/small.png", png(40, 30))
        run = self.start("-j", 1, "-i", self.path("photos"), "-o", "out",
                         "-s", "1000x", "--linear", "--attempts", attempts)
        killed = set()
        deadline = time.monotonic() + 60
        while run.poll() is None and time.monotonic() < deadline:
            for pid in children(run.pid):
                # The worker has started by then: a start takes less than 50 ms
                # of CPU time.
                if pid not in killed and cpu_ticks(pid) >= 10:
                    os.kill(pid, number)
                    killed.add(pid)
            time.sleep(0.002)
        self.finish(run, 2)
        self.assertTrue(os.path.exists(self.path("out/small_1000.png")))
        (record,) = self.failed().values()
        self.assertEqual(len(killed), attempts)
        return record

    def test_an_image_whose_worker_is_killed_each_time_is_named(
            self):  # needs: no sanitizer
        """Kills as a daemon would that ends processes with much memory: once
        beside its neighbour, then eight times alone."""
        record = self.killed_while_decoding(signal.SIGKILL, 9)
        self.assertEqual(record["reason"], "crash")
        self.assertEqual(record["signal"], signal.SIGKILL)

    # A sanitizer catches the signal and aborts.
    def test_a_crash_has_signal_and_phase(self):  # needs: no sanitizer
        record = self.killed_while_decoding(signal.SIGSEGV, 2)
        self.assertEqual(record["reason"], "crash")
        self.assertEqual(record["signal"], signal.SIGSEGV)
        self.assertEqual(record["attempts"], 2)
        self.assertIn(record["phase"], ("decode", "resize", "encode"))
        self.assertIn("SIGSEGV in " + record["phase"],
                      record["error_message"])


def status_of_threads(pid):
    """Returns [{field: value}] of /proc/PID/task/*/status."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="utf-8") as file:
            found.append(dict(line.rstrip("\n").split(":\t", 1)
                              for line in file if ":\t" in line))
    return found


class Walls(ProgramCase):
    def threads_at_work(self, mode):
        """Returns the kernel's status of each thread of a worker that
        decodes."""
        self.write("photos/slow.png", slow_png())
        run = self.start("-j", 1, "-i", self.path("photos"), "-o", "null:",
                         "-s", "1000x", "--linear", "--sandbox", mode)
        pid, = wait_until(lambda: [pid for pid in children(run.pid)
                                   if cpu_ticks(pid) >= 10], 30, "it decodes")
        threads = status_of_threads(pid)
        with open(f"/proc/{pid}/oom_score_adj", encoding="utf-8") as file:
            volunteers = int(file.read())
        policies = {os.sched_getscheduler(int(thread))
                    for process in (pid, run.pid)
                    for thread in os.listdir(f"/proc/{process}/task")}
        run.kill()
        self.assertGreater(len(threads), 1)
        self.assertEqual(volunteers, 500)
        self.assertEqual(policies, {os.SCHED_BATCH})
        return threads

    def test_each_thread_is_behind_the_filter(self):  # needs: sandbox
        for mode in ("auto", "require"):
            for thread in self.threads_at_work(mode):
                self.assertEqual(thread["Seccomp"], "2")
                self.assertEqual(thread["NoNewPrivs"], "1")

    def test_the_decoder_has_no_capability(self):  # needs: sandbox
        decoder = max(self.threads_at_work("require"),
                      key=lambda thread: thread["Pid"] == thread["Tgid"])
        for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(int(decoder[kind], 16), 0, kind)

    def test_off_is_off(self):
        for thread in self.threads_at_work("off"):
            self.assertNotEqual(thread["Seccomp"], "2")

    def test_the_state_is_for_its_owner_only(self):
        self.make_pngs(1)
        for state, flags in (("out/.thumbmill", ()),
                             ("far/state", ("--state", "far/state"))):
            self.run_coordinator("-j", 1, "-i", "pngs", "-o", "out", "-s",
                                 "20x", *flags)
            self.assertEqual(os.stat(self.path(state)).st_mode & 0o777, 0o700)

    def test_a_state_that_was_there_keeps_its_mode(self):
        self.make_pngs(1)
        os.makedirs(self.path("out/.thumbmill"))
        os.chmod(self.path("out/.thumbmill"), 0o750)
        self.run_coordinator("-j", 1, "-i", "pngs", "-o", "out", "-s", "20x")
        self.assertEqual(
            os.stat(self.path("out/.thumbmill")).st_mode & 0o777, 0o750)


# Numbers of system calls by machine; those of Landlock are the same everywhere.
CALLS = {"x86_64": {"unshare": 272, "seccomp": 317},
         "aarch64": {"unshare": 97, "seccomp": 277}}[platform.machine()]
LANDLOCK_CREATE_RULESET = 444
CLOSE_RANGE = 436


def refuse(calls):
    """Makes these system calls fail with EPERM from now on, as in a
    container."""
    load, jump_equal, answer = 0x20, 0x15, 0x06
    program = [(load, 0, 0, 0)]
    for left, call in zip(range(len(calls), 0, -1), calls):
        program.append((jump_equal, left, 0, call))
    program += [(answer, 0, 0, 0x7fff0000), (answer, 0, 0, 0x50001)]
    text = b"".join(struct.pack("HBBI", *line) for line in program)
    memory = ctypes.create_string_buffer(text)
    filter_ = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(program), ctypes.addressof(memory)))
    libc = ctypes.CDLL(None)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter_, 0, 0):
        raise OSError("no filter for the test")


class Missing(ProgramCase):
    ADDITIONS = (CALLS["unshare"], LANDLOCK_CREATE_RULESET)

    def run_without(self, calls, *flags, code=0):
        # Only the first worker logs. It must start before the others are done.
        self.make_pngs(300)
        def before():
            die_with_parent()
            refuse(calls)
        return self.finish(
            self.start("-j", 3, "-i", "pngs", "-o", "out", "-s", "20x",
                       "-P", "none", *flags, preexec_fn=before), code).err

    def test_missing_additions_are_told_once(self):  # needs: sandbox
        for mode in ("auto", "require"):
            err = self.run_without(self.ADDITIONS, "-v", "--overwrite",
                                   "--sandbox", mode)
            self.assertEqual(err.count("filter of system calls, without"), 1,
                             err)
            self.assertIn("unshare: Operation not permitted", err)
            self.assertIn("Landlock", err)

    def test_missing_additions_are_no_news(self):  # needs: sandbox
        self.assertNotIn("without", self.run_without(self.ADDITIONS))

    def test_auto_says_once_that_there_is_no_filter(self):
        err = self.run_without((CALLS["seccomp"],))
        self.assertEqual(err.count("workers run without a sandbox"), 1, err)

    def test_require_needs_the_filter(self):  # needs: sandbox
        err = self.run_without((CALLS["seccomp"],), "--sandbox", "require",
                               code=4)
        self.assertIn("loading a seccomp filter", err)
        self.assertEqual(tree(self.path("out")), {})


class Life(ProgramCase):
    def test_vv_logs_each_move_of_a_worker(self):
        self.write("in/a.png", png(40, 30))
        run = ("-j", 1, "-i", "in", "-o", "out", "-s", "8x", "-P", "none")
        err = self.run_coordinator(*run, "-vv").err
        at = 0
        for move in ("starting, was absent", "welcomed, was starting",
                     "fresh, was welcomed", "used, was fresh",
                     "draining, was used", "dead, was "):
            self.assertIn(f"worker 0 is {move}", err[at:])
            at = err.index(f"worker 0 is {move}", at)
        self.assertNotIn("worker 0 is", self.run_coordinator(
            *run, "-v", "--overwrite").err)


class Inherited(ProgramCase):
    def test_nothing_that_was_open_reaches_a_worker(self):
        """Must hold even if close_range() is refused or unknown."""
        self.write("photos/slow.png", slow_png())
        secret = self.write("secret", "a secret")
        for calls in ((), (CLOSE_RANGE,)):
            with open(secret, "r+b") as file:
                os.set_inheritable(file.fileno(), True)
                run = self.start("-j", 1, "-i", self.path("photos"), "-o",
                                 "null:", "-s", "1000x", "--linear",
                                 close_fds=False,
                                 preexec_fn=lambda: refuse(calls))
                pid, = wait_until(
                    lambda: [pid for pid in children(run.pid)
                             if cpu_ticks(pid) >= 10], 30, "it decodes")
                folder = f"/proc/{pid}/fd"
                opened = {os.readlink(os.path.join(folder, name))
                          for name in os.listdir(folder)}
                run.kill()
                self.assertNotIn(secret, opened)


class Poison(ProgramCase):
    PROBE = b"\xff\xd8\xff\xe0thumbmill crash probe"

    def run_probe(self, *flags):
        return self.run_coordinator(
            "-j", 2, "-i", "pngs", "-o", "out", "-s", "20x", "--crash-probe",
            "--attempts", 2, *flags, code=2)

    def setUp(self):
        super().setUp()
        self.make_pngs(5)
        self.write("pngs/sub/pro be.jpg", self.PROBE)

    def test_what_crashed_is_kept_once_and_others_are_not(self):
        for flags in ((), ("--retry-failed",)):
            self.run_probe("--keep-poison", "pngs/kept", *flags)
            (record,) = self.failed().values()
            self.assertEqual(record["reason"], "crash")
            name, = os.listdir(self.path("pngs/kept"))
            self.assertEqual(name, record["sha256"][:16] + "-pro_be.jpg")
            kept = self.path("pngs/kept", name)
            self.assertEqual(os.stat(kept).st_mode & 0o777, 0o600)
            with open(kept, "rb") as file:
                self.assertEqual(file.read(), self.PROBE)
        self.assertEqual(len(tree(self.path("out"))), 5)

    def test_what_cannot_be_kept_is_a_warning(self):
        self.write("full", "a file")
        done = self.run_probe("--keep-poison", "full/kept")
        self.assertIn("--keep-poison: cannot open full/kept",
                      done.err)
        self.assertEqual(len(self.failed()), 1)


class Needs(ProgramCase):
    """Rare actions of libraries that the sandbox must allow."""

    def test_a_webp_with_much_alpha_is_written(self):  # needs: sandbox
        side, noise = 256, random.Random(1)
        rows = b"".join(b"\0" + noise.randbytes(4 * side)
                        for _ in range(side))
        self.write("photos/noise.png",
                   png_of(side, side, zlib.compress(rows), colour_type=6))
        self.run_coordinator("-j", 1, "-i", self.path("photos"), "-o", "out",
                             "-s", "256x", "--format", "webp", "--sandbox",
                             "require")


if __name__ == "__main__":
    unittest.main()
