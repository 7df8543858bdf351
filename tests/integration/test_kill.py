"""Kills any process at any time: the bytes are the same in the end, no file is
half written, nothing stays behind."""

import fcntl
import os
import pty
import random
import shutil
import signal
import termios
import time
import unittest

from harness import (FEWER, OriginCase, ProgramCase, children, origin, png,
                     tree, wait_until)

SIZES = ("-s", "200x,64x,32x")


class Kill(ProgramCase):
    def setUp(self):
        super().setUp()
        self.random = random.Random(os.environ.get("THUMBMILL_SEED", "1"))

    def reference(self, photos):
        started = time.monotonic()
        self.run_coordinator("-j", 2, "-i", photos, "-o", "reference", *SIZES)
        self.seconds = time.monotonic() - started
        return tree(self.path("reference"))

    def test_killed_workers_change_nothing(self):
        photos = self.make_photos(copies=60 // FEWER)
        reference = self.reference(photos)
        run = self.start("-j", 2, "-i", photos, "-o", "out", *SIZES)
        killed = 0
        while run.poll() is None:
            workers = children(run.pid)
            if workers and killed < 10:
                os.kill(self.random.choice(workers), signal.SIGKILL)
                killed += 1
            time.sleep(self.random.uniform(0.03, 0.12))
        self.finish(run, 0)
        self.assertGreater(killed, 3)
        self.assertEqual(tree(self.path("out")), reference)
        self.assertGreaterEqual(self.report()["workers_lost"], 3)
        self.assert_nothing_left()

    def killed_coordinators(self, rounds):
        photos = self.make_photos(copies=40 // FEWER)
        reference = self.reference(photos)
        in_the_middle = 0
        for _ in range(rounds):
            run = self.start("-j", 2, "-i", photos, "-o", "out", *SIZES)
            time.sleep(self.random.uniform(0.0, 0.7 * self.seconds))
            workers = children(run.pid)
            run.kill()
            self.finish(run, None)
            self.assert_nothing_left(workers)
            made = tree(self.path("out"))
            for path, digest in made.items():
                self.assertEqual(digest, reference.get(path), path)
            in_the_middle += 0 < len(made) < len(reference)
            if len(made) == len(reference):  # nothing left to interrupt
                shutil.rmtree(self.path("out"))
        self.assertGreater(in_the_middle, 0)
        self.run_coordinator("-j", 2, "-i", photos, "-o", "out", *SIZES)
        self.assertEqual(tree(self.path("out")), reference)
        self.assertEqual(self.failed(), {})

    def test_a_killed_coordinator_is_resumed_to_the_same_bytes(self):
        self.killed_coordinators(6)

    def test_a_coordinator_killed_25_times_gets_there(self):  # long
        self.killed_coordinators(25)

    def test_workers_never_outlive_a_killed_coordinator(self):
        with origin(self.dir) as server:
            urls = self.write_list("urls.txt",
                                   [f"{server.url}/silent/a.png"])
            run = self.start("-j", 2, "-i", urls, "-o", "out", "-s", "8x",
                             "--allow-loopback")
            workers = wait_until(
                lambda: len(children(run.pid)) == 2 and children(run.pid), 10,
                "two workers")
            run.kill()
            self.finish(run, None)
            self.assert_nothing_left(workers)


class Stop(OriginCase):
    arguments_more = ()

    def slow_run(self, **options):
        """Runs two images at a time, 0.3 s each: seconds of work in small
        steps."""
        for i in range(40):
            self.write(f"www/{i}.png", png(60, 40, i))
        self.urls = self.write_list(
            "urls.txt", [f"{self.server.url}/late/{i}.png" for i in range(40)])
        self.arguments = ("-j", 1, "-i", self.urls, "-o", "out", "-s", "8x",
                          "--downloads", 2, "--allow-loopback",
                          *self.arguments_more)
        run = self.start(*self.arguments, **options)
        wait_until(lambda: len(tree(self.path("out"))) >= 3, 20,
                   "three thumbnails")
        self.workers = children(run.pid)
        self.assertTrue(self.workers)
        return run

    def check_stop(self, number, code):
        run = self.slow_run()
        run.send_signal(number)
        self.check_stopped(run, code)

    def check_stopped(self, run, code):
        self.finish(run, code, 10)
        self.assert_nothing_left(self.workers)
        some = tree(self.path("out"))
        self.assertLess(len(some), 40)
        self.assertEqual(self.report()["ended"], "interrupted")
        self.run_coordinator(*self.arguments)
        made = tree(self.path("out"))
        self.assertEqual(len(made), 40)
        self.assertEqual({path: made[path] for path in some}, some)
        counts = self.report()["counts"]
        self.assertEqual(counts["done_before"] + counts["done"], 40)
        self.assertEqual(counts["done_before"], len(some))

    def test_sigint_drains_with_130_and_can_be_resumed(self):
        self.check_stop(signal.SIGINT, 130)

    def test_sigterm_drains_with_143_and_can_be_resumed(self):
        self.check_stop(signal.SIGTERM, 143)

    def test_sigterm_to_the_whole_group_drains_too(self):
        """A terminal's Ctrl-C or a service manager signals the whole group."""
        run = self.slow_run(start_new_session=True)
        os.killpg(run.pid, signal.SIGTERM)
        self.check_stopped(run, 143)

    def test_a_closed_terminal_drains_and_can_be_resumed(self):  # needs: pty
        leader, follower = pty.openpty()
        run = self.slow_run(start_new_session=True, stdin=follower,
                            stdout=follower, stderr=follower,
                            preexec_fn=lambda: fcntl.ioctl(
                                0, termios.TIOCSCTTY, 0))
        os.close(follower)
        os.close(leader)
        self.check_stopped(run, 129)

    def stop_and_continue(self, seconds):
        """Stops the run by SIGSTOP while downloads, tasks and uploads are
        running."""
        run = self.slow_run()
        run.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.server.forget_requests()
        run.send_signal(signal.SIGCONT)
        self.finish(run, 0, 60)
        self.assertEqual(len(tree(self.path("out"))), 40)
        # Few deadlines may expire: no worker is replaced, little is requested
        # twice.
        self.assertEqual(self.report()["workers_lost"], 0)
        self.assertLessEqual(len(self.server.requests()), 40)
        self.assert_nothing_left(self.workers)

    def test_stopped_for_longer_than_its_deadlines_it_goes_on(self):
        self.arguments_more = ("--first-byte-timeout", "1s", "--timeout", "2s",
                               "--task-timeout", "1s", "--retries", 1)
        self.stop_and_continue(3)

    def test_stopped_for_30_s_it_goes_on(self):  # long
        self.stop_and_continue(30)

    def test_a_second_sigint_stops_at_once(self):
        urls = self.write_list("urls.txt",
                               [f"{self.server.url}/silent/a.png"])
        run = self.start("-j", 2, "-i", urls, "-o", "out", "-s", "8x",
                         "--allow-loopback", "--first-byte-timeout", "60s")
        workers = wait_until(lambda: children(run.pid), 10, "workers")
        wait_until(lambda: os.path.exists(self.path("out/.thumbmill")), 10,
                   "the state")
        time.sleep(0.3)
        started = time.monotonic()
        run.send_signal(signal.SIGINT)
        time.sleep(0.2)
        if run.poll() is None:
            run.send_signal(signal.SIGINT)
        self.finish(run, 130, 10)
        self.assertLess(time.monotonic() - started, 2)
        self.assert_nothing_left(workers)


if __name__ == "__main__":
    unittest.main()
