"""The program `worker` is missing, is another program, or dies before it is
ready. The run ends with a clear error within 5 s and does not spin until
then."""

import os
import shutil
import subprocess
import time
import unittest

from harness import COORDINATOR, ProgramCase, die_with_parent, png

PROGRAMS = os.path.join(os.environ["THUMBMILL_BIN"], "tests/workers")


class WorkerProgram(ProgramCase):
    def setUp(self):
        super().setUp()
        self.write("in/a.png", png(40, 30))
        os.mkdir(self.path("bin"))
        # The coordinator looks for its worker beside itself.
        shutil.copy(COORDINATOR, self.path("bin/coordinator"))

    def place(self, program):
        shutil.copy(program, self.path("bin/worker"))

    def refused(self, seconds=5.5):
        """Returns the error. The deadline is 5 s; the rest is for the start."""
        before = time.monotonic()
        run = subprocess.Popen(
            [self.path("bin/coordinator"), "-q", "-j", "2", "-i", "in", "-o",
             "out", "-s", "8x"], stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, cwd=self.dir, preexec_fn=die_with_parent)
        self.started.append(run)
        err = run.stderr.read().decode()
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(run.returncode, 4, err)
        self.assertLess(time.monotonic() - before, seconds, err)
        self.assertLess(usage.ru_utime + usage.ru_stime, 1, "it spins")
        self.assert_nothing_left()
        return err

    def test_one_that_is_missing_is_named(self):
        self.assertIn("'worker' is not beside", self.refused())

    def test_one_that_is_no_program_is_an_error(self):
        self.write("bin/worker", "\x7fno program")
        os.chmod(self.path("bin/worker"), 0o755)
        self.assertRegex(self.refused(), "worker")

    def test_one_of_another_version_is_an_error_that_names_both(self):
        self.place(f"{PROGRAMS}/other_version_worker")
        self.assertRegex(self.refused(), "version 99.* 1|1.*version 99")

    def test_one_that_dies_before_it_is_ready_is_an_error(self):
        self.place(f"{PROGRAMS}/exiting_worker")
        self.assertIn("exited with code 7", self.refused())

    def test_one_that_is_never_ready_is_an_error_in_5_s(self):
        self.place(f"{PROGRAMS}/silent_worker")
        self.assertIn("ready", self.refused())


if __name__ == "__main__":
    unittest.main()
