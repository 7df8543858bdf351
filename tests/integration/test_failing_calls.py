"""Makes the n-th malloc, write, sync, rename, send or open of the coordinator
fail, n = 1, 2, 3 ... until there is no n-th. The coordinator must name the
failure or manage without the call; no output may be wrong; and the next run
must finish the job."""

import errno
import os
import re
import signal
import unittest

from battery import FaultCase, killed

LIBRARY = os.path.join(os.environ["THUMBMILL_BIN"],
                       "tests/tools/libfailing_calls.so")


class FailingCalls(FaultCase):
    PICTURES = 5

    # A task that is lost with its connection is noticed only at its deadline.
    def job(self, output):
        return (*super().job(output), "--task-timeout", "2s")

    def setUp(self):
        super().setUp()
        self.make_job()

    def fail_nth(self, kind, n, number):
        """Returns false if there was no n-th call to fail."""
        marker = self.path("failed-a-call")
        if os.path.exists(marker):
            os.remove(marker)
        self.forget()
        run = self.watch(env={
            "LD_PRELOAD": LIBRARY,
            "FAILING_CALL": f"{kind}:{n}:{number}:{marker}"})
        code = run.until_ended()
        err = self.end(run)
        self.assert_clean(run)
        failed = os.path.exists(marker)
        if failed:
            self.assert_clear(code, err)
        else:
            self.assertEqual(code, 2, err)
        if code in (0, 2):
            self.assert_no_loss(code)
        if failed:
            # An input that could not be read has failed permanently.
            again = ("--retry-failed",) if kind == "open" else ()
            self.run_job(code=2, arguments=again)
            self.assert_whole()
        return failed

    def assert_clear(self, code, err):
        if code == -signal.SIGABRT:  # a check inside a library
            self.assertRegex(err, re.compile("memory|FATAL|bad_alloc", re.I))
            return
        self.assertIn(code, (0, 1, 2, 4, 127), err)  # 127 comes from the loader
        if code in (1, 4):
            self.assertTrue(err.strip(), "it ended without a word")

    def assert_no_loss(self, code):
        """If the run says that it has finished, every output must exist, except
        those of inputs that it reports as unreadable."""
        missing = set(self.reference) - set(self.made())
        self.assertLessEqual(len(missing), 2 if code == 2 else 0, missing)

    def fail_all(self, kind, number, until=10 ** 6, step=lambda n: n + 1):
        n = times = 1
        while n <= until:
            with self.subTest(call=kind, n=n, errno=errno.errorcode[number]):
                if not self.fail_nth(kind, n, number):
                    self.assertGreater(times, 3, "nothing was failed")
                    return times - 1
            n, times = step(n), times + 1
        return times - 1

    def test_each_sync_that_fails(self):  # needs: no sanitizer
        self.fail_all("sync", errno.EIO)

    def test_each_rename_that_fails(self):  # needs: no sanitizer
        self.fail_all("rename", errno.EIO)

    def test_each_send_that_fails(self):  # needs: no sanitizer
        self.fail_all("send", errno.ECONNRESET)

    def test_each_write_that_fails(self):  # needs: no sanitizer
        self.fail_all("write", errno.EIO)

    def test_each_open_that_fails(self):  # needs: no sanitizer
        self.fail_all("open", errno.EIO)

    def test_each_write_without_space(self):  # long, needs: no sanitizer
        self.fail_all("write", errno.ENOSPC)

    def test_allocations_that_fail_here_and_there(self):  # needs: no sanitizer
        self.fail_all("malloc", errno.ENOMEM, step=lambda n: n + 1 + n // 5)

    def test_allocations_that_fail_densely(self):  # long, needs: no sanitizer
        self.fail_all("malloc", errno.ENOMEM, step=lambda n: n + 1 + n // 100)


if __name__ == "__main__":
    unittest.main()
