"""Kills or stops the coordinator at each named point of its walk (see
common/fail_point.h). The test reads the names from the source, so it covers new
points too."""

import os
import re
import signal
import time
import unittest

from battery import FaultCase, killed
from harness import COORDINATOR, ROOT


def has_fail_points():
    with open(COORDINATOR, "rb") as program:
        return b"THUMBMILL_FAIL_POINT" in program.read()


def fail_points():
    names = set()
    for folder, _, files in os.walk(os.path.join(ROOT, "coordinator")):
        for name in files:
            if name.endswith(".cc"):
                with open(os.path.join(folder, name),
                          encoding="utf-8") as file:
                    names.update(re.findall(r'TM_FAIL_POINT\("([^"]+)"\)',
                                            file.read()))
    return sorted(names)


@unittest.skipUnless(has_fail_points(), "built without TM_FAIL_POINTS")
class FailPoints(FaultCase):
    def setUp(self):
        super().setUp()
        self.make_job()

    def at(self, point, n, action):
        return {"THUMBMILL_FAIL_POINT": f"{point}:{n}:{action}"}

    def kill_at(self, point, n):
        """Returns true if the run reached the point and ended there."""
        self.forget()
        run = self.watch(env=self.at(point, n, "kill"))
        code = run.until_ended()
        err = self.end(run)
        self.assert_clean(run)
        if not killed(code):
            # The run did not reach the point n times.
            self.assertEqual(code, 2, err)
        self.run_job(code=2)
        self.assert_whole()
        return killed(code)

    def kill_at_all(self, n):
        reached = set()
        for point in fail_points():
            with self.subTest(point=point, n=n):
                if self.kill_at(point, n):
                    reached.add(point)
        return reached

    def test_there_are_at_least_twenty_points(self):
        self.assertGreaterEqual(len(fail_points()), 20)

    def test_killed_at_the_first_time_at_any_point_it_is_resumed(self):
        self.assertEqual(self.kill_at_all(1), set(fail_points()))

    def test_killed_at_a_later_time_at_any_point_it_is_resumed(self):
        reached = self.kill_at_all(3)
        # Points between the sizes of an image, and in the middle of a batch.
        self.assertLessEqual({"renamed", "temp-written", "record-inserted",
                              "result-received"}, reached)

    def test_killed_at_any_time_at_any_point_it_is_resumed(self):  # long
        kills = 0
        for n in (2, 5, 11, 24, 40):
            kills += len(self.kill_at_all(n))
        self.assertGreater(kills, 40)

    def test_killed_at_every_point_in_a_row_it_gets_there(self):
        kills = 0
        for point in fail_points():
            run = self.watch(env=self.at(point, 1, "kill"))
            kills += killed(run.until_ended())
            self.end(run)
            self.assert_clean(run)
        # Once all is committed, a rerun does not pass the earlier points again.
        self.assertGreater(kills, 10)
        self.run_job(code=2)
        self.assert_whole()

    def test_stopped_at_any_point_it_goes_on(self):
        for point in fail_points():
            with self.subTest(point=point):
                self.forget()
                run = self.watch(env=self.at(point, 1, "stop"))
                os.waitid(os.P_PID, run.pid, os.WSTOPPED | os.WNOWAIT)
                time.sleep(0.05)
                os.kill(run.pid, signal.SIGCONT)
                code = run.until_ended()
                self.assertEqual(code, 2, self.end(run))
                self.assert_whole()


if __name__ == "__main__":
    unittest.main()
