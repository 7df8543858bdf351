"""Faults of a PUT target: every thumbnail still arrives, whole and with the
bytes of an undisturbed run, or the run stops and can be resumed. The test reads
the arrived files from the target."""

import hashlib
import os
import threading
import time
import unittest

from harness import ProgramCase, tree
from raw_server import RawServer

IMAGES = 60


class Target:
    """Stores each PUT. `fault(connection, n)` may answer the n-th request
    instead; it returns None to let the request pass."""

    def __init__(self, fault=lambda connection, n: None):
        self.fault = fault
        self.stored = {}
        self.count = 0
        self._lock = threading.Lock()
        self.server = RawServer(self._answer)

    def _answer(self, connection):
        if connection.method == "HEAD":
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            return True
        with self._lock:
            self.count += 1
            number = self.count
        kept = self.fault(connection, number)
        if kept is not None:
            return kept
        return self.store(connection)

    def store(self, connection, slowly=0):
        body = connection.read_body(slowly)
        name = connection.path.removeprefix("/up/")
        with self._lock:
            self.stored[name] = hashlib.sha256(body).hexdigest()
        connection.answer("201 Created")
        return True


class TargetFaults(ProgramCase):
    def setUp(self):
        super().setUp()
        self.make_job(IMAGES)

    def make_job(self, count):
        self.photos = self.make_pngs(count, f"{count}")
        output = f"{count}-made"
        self.run_coordinator("-j", 1, "-i", self.photos, "-o", output, "-s",
                             "16x,8x")
        self.expected = tree(self.path(output))
        self.assertEqual(len(self.expected), 2 * count)

    def target(self, fault=lambda connection, n: None):
        target = Target(fault)
        target.server.start()
        self.addCleanup(target.server.stop)
        return target

    def put(self, target, *flags):
        return self.start(
            "-j", 1, "-i", self.photos, "-o", f"{target.server.url}/up/",
            "--state", "state", "-s", "16x,8x", *flags)

    def check(self, fault, *flags, timeout=60):
        """Checks that nothing is lost although `fault` hits some requests."""
        target = self.target(fault)
        self.finish(self.put(target, *flags), 0, timeout)
        self.assertEqual(target.stored, self.expected)
        return target

    def away_for_two_seconds(self):
        """Answers 503 to all for two seconds. One more try for each image, 10
        ms later, would fail too. Returns the number of requests in that
        time."""
        refused, until = [], []

        def fault(connection, n):
            if not until:
                until.append(time.monotonic() + 2)
            if time.monotonic() >= until[0]:
                return None
            refused.append(n)
            connection.read_body()
            connection.answer("503 Service Unavailable")
            return True
        self.check(fault, "--retries", 1, "--retry-delay", "10ms",
                   "--uploads", 4)
        return len(refused)

    def test_503_for_two_seconds_loses_nothing_and_asks_little(self):
        asked = self.away_for_two_seconds()
        self.assertGreaterEqual(asked, 4)
        self.assertLess(asked, 20)

    def test_probes_of_a_target_that_is_away_cost_an_image_no_try(self):
        self.make_job(2)  # few, so that each request is a probe
        self.assertGreaterEqual(self.away_for_two_seconds(), 6)

    def test_429_with_a_time_holds_all_uploads_for_it(self):
        refused, times = [], []

        def fault(connection, n):
            if n == 1:
                connection.read_body()
                refused.append(time.monotonic())
                connection.answer("429 Too Many Requests", b"",
                                  "Retry-After: 2")
                return True
            times.append(time.monotonic() - refused[0])
            return None
        self.check(fault, "--uploads", 1)
        self.assertGreater(min(times), 1.9)

    def test_a_slow_target_gets_everything(self):
        target = self.target()
        target.fault = lambda connection, n: target.store(connection, 0.02)
        self.finish(self.put(target, "--uploads", 8), 0)
        self.assertEqual(target.stored, self.expected)

    def test_one_that_never_answers_costs_a_deadline_not_the_thumbnails(self):
        def fault(connection, n):
            if n > 4:
                return None
            connection.wait_for_peer(20)
            return False
        self.check(fault, "--upload-timeout", "1s", "--retries", 2)

    def test_resets_before_and_in_the_answer_are_tried_again(self):
        def fault(connection, n):
            if n % 3 != 0 or n > 60:
                return None
            if n % 2 == 0:
                connection.send("HTTP/1.1 20")
            connection.reset()
            return False
        self.check(fault, "--retries", 8, "--retry-delay", "20ms")

    def test_answers_before_the_body_are_believed_when_they_are_refusals(self):
        def fault(connection, n):
            if n % 4 != 0 or n > 60:
                return None
            connection.answer("503 Service Unavailable", b"",
                              "Connection: close")
            return False
        self.check(fault, "--retries", 8, "--retry-delay", "20ms")

    def test_a_target_that_is_gone_for_three_seconds_loses_nothing(self):
        self.gone(3)

    def test_a_target_that_is_gone_for_a_minute_loses_nothing(self):  # long
        self.gone(60)

    def gone(self, seconds):
        target = self.target()

        def fault(connection, n):
            if n == 20:
                threading.Thread(target=target.server.stop).start()
                threading.Timer(seconds, target.server.start).start()
            time.sleep(0.02)
            return None
        target.fault = fault
        run = self.put(target, "--uploads", 4, "--retries", 1)
        before = time.monotonic()
        used = 0.0
        while run.poll() is None and time.monotonic() - before < 150:
            try:
                with open(f"/proc/{run.pid}/stat", encoding="utf-8") as file:
                    fields = file.read().rpartition(")")[2].split()
                used = ((int(fields[11]) + int(fields[12])) /
                        os.sysconf("SC_CLK_TCK"))
            except (OSError, IndexError):
                pass
            time.sleep(0.05)
        self.finish(run, 0)
        self.assertEqual(target.stored, self.expected)
        self.assertGreater(time.monotonic() - before, seconds)
        # The run must not spin while it waits.
        self.assertLess(used, 1 + seconds * 0.05)

    def test_a_run_whose_target_is_gone_ends_on_a_signal_and_goes_on(self):
        target = self.target()

        def fault(connection, n):
            if n == 20:
                threading.Thread(target=target.server.stop).start()
            return None
        target.fault = fault
        run = self.put(target, "--uploads", 4, "--retries", 1)
        time.sleep(4)
        self.assertIsNone(run.poll(), "waits for its target")
        run.terminate()
        self.finish(run, 143, timeout=15)
        target.fault = lambda connection, n: None
        target.server.start()
        self.finish(self.put(target), 0)
        self.assertEqual(target.stored, self.expected)

    def test_secrets_of_a_target_show_in_no_log_or_report(self):
        def fault(connection, n):
            if n > 3:
                return None
            connection.read_body()
            connection.answer("404 Not Found")
            return True
        target = self.target(fault)
        url = f"http://me:hush1@127.0.0.1:{target.server.port}/up/?sig=hush2"
        run = self.start("-j", 1, "-i", self.photos, "-o", url, "--state",
                         "state", "-s", "16x", "-v", "--log-file", "run.log")
        done = self.finish(run, 2)
        texts = {"output": done.out + done.err}
        for name in ("run.log", "state/report.json"):
            with open(self.path(name), encoding="utf-8") as file:
                texts[name] = file.read()
        self.assertIn("404", texts["output"] + texts["run.log"])
        for name, text in texts.items():
            self.assertNotIn("hush", text, name)


if __name__ == "__main__":
    unittest.main()
