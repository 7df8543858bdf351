"""Tests the damage that code inside a worker can do to a run, as if a decoder
had a hole.

Each guilty image is a GIF whose comment is a deed; tests/tools/evil_gif.c does
it, inside the real sandbox of the real worker. Many of them stand among
innocent images in one run. In spite of them the run must make all innocents
with the same bytes as without the guilty, name the guilty in failed.jsonl, and
end in time.
"""

import os
import signal
import threading
import time
import unittest

from evil_deeds import (MADE, TWO, exits, frames, gif, grabs, later, lies,
                        number, signals, slow, some, thumbnail)
from harness import (ProgramCase, alive, children, png, sample, sample_names,
                     tree, wait_until)
from test_isolation import cpu_ticks

EVIL = os.path.join(os.environ["THUMBMILL_BIN"], "tests/tools/evil")
INNOCENTS = 36


def private_bytes(pid):
    try:
        with open(f"/proc/{pid}/statm", encoding="utf-8") as file:
            _, resident, shared, *_ = map(int, file.read().split())
    except OSError:
        return 0
    return (resident - shared) * os.sysconf("SC_PAGESIZE")


class Evil(ProgramCase):
    FLAGS = ("-s", "20x,8x", "-P", "none", "--memory", "256M")
    WORKERS = 2

    def setUp(self):
        super().setUp()
        photo = next(name for name in sample_names() if name.endswith(".jpg"))
        for i in range(INNOCENTS):
            if i % 9 == 4:
                self.write(f"in/{i:03}-a.jpg", sample(photo))
            else:
                self.write(f"in/{i:03}-a.png", png(40 + i, 30, i))
        self.run_coordinator("-i", "in", "-o", "reference", *self.FLAGS)
        self.wanted = tree(self.path("reference"))
        self.assertEqual(len(self.wanted), 2 * INNOCENTS)

    def run_with(self, deeds, *flags, seconds, environment=True):
        """Runs with `deeds`; returns how long it took."""
        self.deeds = {}
        for at, deed in enumerate(deeds):
            name = f"in/{at * INNOCENTS // len(deeds):03}-e{at:03}.gif"
            self.write(name, gif(deed))
            self.deeds[self.path(name)] = self.deeds[name] = deed
        self.peak = 0
        started = time.monotonic()
        env = {**os.environ}
        if environment:
            env["LD_LIBRARY_PATH"] = EVIL
        run = self.start("-i", "in", "-o", "out", "-v", "-j", self.WORKERS,
                         *self.FLAGS, *flags, env=env)
        watch = threading.Thread(target=self.watch, args=(run,))
        watch.start()
        done = self.finish(run, None, timeout=seconds + 30)
        watch.join()
        took = time.monotonic() - started
        self.assertIn(done.code, (0, 2), done.err[-3000:])
        self.assertLess(took, seconds, done.err[-3000:])
        self.assert_innocents_made()
        return done

    def watch(self, run):
        self.policies = set()
        while run.poll() is None:
            self.policies.add(os.sched_getscheduler(run.pid))
            self.peak = max(self.peak, private_bytes(run.pid))
            time.sleep(0.01)

    def assert_innocents_made(self):
        made = tree(self.path("out"))
        for path, digest in self.wanted.items():
            self.assertEqual(made.get(path), digest, path)

    def named(self):
        """Returns {deed: record} of failures; only the guilty may fail."""
        found = {}
        for url, record in self.failed().items():
            self.assertIn(url, self.deeds, record)
            found[self.deeds[url]] = record
        return found

    def each_is_named(self, deeds, *flags, seconds=None):
        done = self.run_with(deeds, *flags,
                             seconds=seconds or 20 + len(deeds))
        named = self.named()
        self.assertEqual(sorted(set(deeds) - set(named)), [])
        return done, named

    def test_a_gif_without_a_deed_is_made(self):  # needs: sandbox
        self.run_with(["none"], seconds=20)
        self.assertEqual(self.failed(), {})
        self.assertEqual(self.image("out/000-e000.gif_8.jpg")[0], "jpg")

    def test_some_exits(self):  # needs: sandbox
        _, named = self.each_is_named(
            some(exits(), 7) + ["open exit 3", "line exit 4", "close exit 5"])
        for deed, record in named.items():
            self.assertEqual(record["reason"], "crash")
            self.assertIn(f"exited with code {deed.split()[2]}",
                          record["message"])
            self.assertEqual(record["phase"], {
                "open": "header", "line": "decode",
                "close": record["phase"]}[deed.split()[0]])

    def test_each_exit(self):  # long, needs: sandbox
        self.each_is_named(exits())

    def test_some_signals(self):  # needs: sandbox
        _, named = self.each_is_named(
            ["open signal 9", "line signal 19", "close signal 6"] +
            some(signals(), 4))
        # Workers send themselves no signal except that of abort().
        for deed, record in named.items():
            self.assertEqual(record["signal"],
                             6 if deed.endswith(" 6") else 31, deed)

    def test_each_signal(self):  # long, needs: sandbox
        self.each_is_named(signals())

    def test_some_frames(self):  # needs: sandbox
        done, _ = self.each_is_named(
            some(frames(), 9) + ["open frame 544d0204"], "--task-timeout",
            "3s")
        self.assertNotIn("does not fit this program", done.err)

    def test_each_frame(self):  # long, needs: sandbox
        self.each_is_named(frames(), "--task-timeout", "3s",
                           seconds=20 + 5 * len(frames()))

    def test_some_lies(self):  # needs: sandbox
        self.each_is_named(some(lies(), 12), "--task-timeout", "3s")

    def test_each_lie(self):  # long, needs: sandbox
        done, named = self.each_is_named(lies(), "--task-timeout", "3s")
        self.assertLess(max(len(record["message"])
                            for record in named.values()), 2100)
        self.assertLess(self.peak, 120 << 20)

    def test_memory_and_blame(self):  # needs: sandbox
        _, named = self.each_is_named(grabs(), "--task-timeout", "3s",
                                      seconds=90)
        self.assertEqual(named["open stack mapped"]["signal"], 31)
        self.assertNotIn(os.SCHED_IDLE, self.policies)
        self.assertLess(self.peak, 120 << 20)

    def test_what_ends_by_a_limit(self):  # long, needs: sandbox
        self.each_is_named(slow(), "--task-timeout", "2s", seconds=60)

    def test_a_message_without_end_is_ended(self):  # needs: sandbox
        """The worker sends 100 MB a second, and nobody sees which worker it
        is."""
        _, named = self.each_is_named(
            ["line endless 20"], "--task-timeout", "30s", seconds=40)
        self.assertIn("memory grew", named["line endless 20"]["message"])
        self.assertEqual(len(named), 1)
        # The coordinator looks every 50 ms, or less often on a busy machine.
        peaks = self.memory.peaks
        self.assertLess(max(peaks.values()), 300 << 20)
        peaks.update(dict.fromkeys(peaks, 0))

    def test_the_cpu_limit_cannot_be_put_off(self):  # long, needs: sandbox
        """The kernel must enforce it while the coordinator is stopped."""
        self.write("one/a.gif", gif("open spin", said=4000))
        run = self.start("-i", "one", "-o", "one-out", "-s", "20x", "-j", 1,
                         "--attempts", 1, "-P", "none", "--task-timeout",
                         "2s", env={**os.environ, "LD_LIBRARY_PATH": EVIL})
        (worker,) = wait_until(
            lambda: [pid for pid in children(run.pid) if cpu_ticks(pid) > 20],
            20, "a worker that computes")
        os.kill(run.pid, signal.SIGSTOP)
        wait_until(lambda: not alive(worker), 30, "its end")
        os.kill(run.pid, signal.SIGCONT)
        self.finish(run, 2)
        (record,) = self.failed("one-out").values()
        self.assertEqual(record["reason"], "too_costly")

    def test_deeds_after_their_image(self):  # needs: sandbox
        self.run_with(later(), "--task-timeout", "3s", seconds=90)
        self.named()

    def test_many_thumbnails_of_one_range_are_not_copied(
            self):  # needs: sandbox
        """Sends 60 sizes that each are the whole range; copied, they were 720
        MB."""
        sizes = ",".join(f"{side}x{side}!" for side in range(241, 301))
        whole = b"".join(thumbnail(i, 100, 100, 0, 12 << 20)
                         for i in range(60))
        self.write("one/big.gif", gif("open result 0 " + (MADE + whole).hex(),
                                      said=2000))
        env = {**os.environ, "LD_LIBRARY_PATH": EVIL}
        self.peak = 0
        run = self.start("-i", "one", "-o", "one-out", "-s", sizes, "-j", 1,
                         "--attempts", 1, "--memory", "256M", "-P", "none",
                         env=env)
        self.watch(run)
        self.finish(run, 2)
        (record,) = self.failed("one-out").values()
        self.assertEqual(record["reason"], "crash")
        self.assertLess(self.peak, 60 << 20)

    def test_times_are_bounded_by_what_has_passed(self):  # needs: sandbox
        times = b"".join(number(field, 1 << 62) for field in (11, 12, 13))
        self.run_with([f"line result 0 {(MADE + TWO + times).hex()}"],
                      "--task-timeout", "3s", seconds=40)
        for stage in ("decode", "resize", "encode"):
            latency = self.report()["latency"][stage]
            self.assertLess(latency["max_ms"], 40_000, stage)

    def test_the_log_stays_short_and_printable(self):  # needs: sandbox
        done = self.run_with(["open say 1000000", *[
            deed for deed in lies() if "1b5d" in deed]], seconds=30)
        self.assertNotIn("\x1b", done.err)
        self.assertLess(len(done.err), 4 << 20)

    def test_guilty_images_do_not_slow_each_other_down(
            self):  # needs: sandbox
        """30 of them cost about four starts of a worker each."""
        self.WORKERS = 1
        self.run_with([f"open exit {code}" for code in range(10, 40)],
                      seconds=60)
        self.assertLessEqual(self.report()["workers_lost"], 30 * 4 + 10)

    def test_without_a_sandbox_kills_and_stops_convict_too(self):
        self.run_with(["open signal 9", "line signal 9", "close signal 19"],
                      "--sandbox", "off", "--task-timeout", "1s", seconds=60)
        named = self.named()
        self.assertEqual(len(named), 3)
        self.assertEqual(named["open signal 9"]["signal"], 9)
        self.assertEqual(named["close signal 19"]["reason"], "hang")


if __name__ == "__main__":
    unittest.main()
