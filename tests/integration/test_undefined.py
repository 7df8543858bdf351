"""Thumbnails do not depend on the earlier contents of memory: the test fills
stack, heap and output with several bytes, and nothing may differ.
scripts/undefined looks for the same with valgrind."""

import os
import subprocess
import unittest

from harness import ROOT, SAMPLES

PROGRAM = os.path.join(os.environ["THUMBMILL_BIN"],
                       "tests/tools/all_thumbnails")
SEEDS = os.path.join(ROOT, "tests/fuzz/corpus/thumbnailer")


def thumbnails(fill, *arguments):
    # No cache of freed blocks, because malloc() does not fill blocks from it.
    environment = dict(os.environ, MALLOC_PERTURB_=str(fill),
                       GLIBC_TUNABLES="glibc.malloc.tcache_count=0")
    return subprocess.run([PROGRAM, "--fill", str(fill), *arguments],
                          env=environment, check=True, capture_output=True,
                          text=True).stdout


class Undefined(unittest.TestCase):
    def test_thumbnails_ignore_the_memory(self):  # needs: no sanitizer
        first = thumbnails(1, SEEDS)
        self.assertGreater(first.count("done "), 80)
        for fill in (0x5A, 0xFF):
            self.assertEqual(thumbnails(fill, SEEDS), first)

    def test_thumbnails_of_photographs_neither(self):  # needs: no sanitizer
        photographs = ["--max-pixels", "20000000", SAMPLES]
        first = thumbnails(1, *photographs)
        self.assertEqual(first.count("done "), 40)
        self.assertEqual(thumbnails(0xA5, *photographs), first)
