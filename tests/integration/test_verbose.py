"""-v and -vv: the lines that each of them promises (docs/cli.md)."""

import unittest

from harness import ProgramCase


class Verbose(ProgramCase):
    def log(self, *flags):
        self.make_pngs(2, "in")
        self.write("in/cut.png", b"\x89PNG\r\n\x1a\n")
        self.run_coordinator("-i", "in", "-o", "out", "-s", "8x", "-j", 1,
                             "--overwrite", "--log-file", "log", *flags,
                             code=2)
        with open(self.path("log"), encoding="utf-8") as log:
            return log.read()

    def test_once_logs_failures_only(self):
        log = self.log("-v")
        self.assertRegex(log, r"cut\.png: \w+: ")
        self.assertNotRegex(log, "try 1|attempt 1|worker 0 is")

    def test_twice_logs_each_try_and_each_event_of_a_worker(self):
        log = self.log("-vv")
        self.assertRegex(log, r"fetch \S*/cut\.png, try 1: 8 B after [\d.]+ ms")
        self.assertRegex(log, r"make \S*/cut\.png, attempt 1: \w+: .* \(decode")
        self.assertEqual(log.count(", attempt 1: 1 thumbnails (decode"), 2)
        self.assertEqual(log.count(", try 1: done after"), 2)
        self.assertRegex(log, r"worker 0 is \w+, was \w+")


if __name__ == "__main__":
    unittest.main()
