"""Tests the measurement of memory: the watch of every test's coordinators from
outside, and the peak in the report."""

import os
import time
import unittest

from harness import ProgramCase, png
from hostile_headers import HOSTILE_HEADERS
from memory_watch import MemoryWatch

MIB = 1 << 20
SHORT_PEAK = os.path.join(os.environ["THUMBMILL_BIN"],
                          "tests/tools/libshort_peak.so")


class Memory(ProgramCase):
    def test_the_watch_sees_what_a_process_holds(self):
        """This process stands for a coordinator."""
        watch = MemoryWatch()
        watch.add(os.getpid(), ["--memory", "256M", "-j", "1"])
        held = bytearray(b"x") * (300 * MIB)
        time.sleep(0.1)
        self.assertEqual(len(held), 300 * MIB)
        with self.assertRaisesRegex(AssertionError, "MiB of private memory"):
            watch.check()

    def test_the_report_tells_a_peak_of_a_moment(self):  # needs: no sanitizer
        self.make_pngs(5)
        flags = ("-q", "-i", "pngs", "-s", "20", "-j", 1)
        self.run_coordinator(*flags, "-o", "plain")
        peak = self.report("plain")["memory"]["peak_coordinator_private_bytes"]
        self.assertLess(peak, 40 * MIB)
        # This run is not watched, because it holds more than it may.
        process = self.popen([*flags, "-o", "out"], env={
            **os.environ, "LD_PRELOAD": SHORT_PEAK})
        self.finish(process, 0)
        memory = self.report()["memory"]
        self.assertGreater(memory["peak_coordinator_private_bytes"], 300 * MIB)
        self.assertLess(memory["peak_coordinator_private_bytes"], 340 * MIB)

    def test_shared_inputs_are_no_private_memory(self):  # needs: no sanitizer
        for i in range(20):
            self.write(f"in/{i}.png", png(40, 30, i) + bytes(5 * MIB))
        self.run_coordinator("-q", "-i", "in", "-o", "out", "-s", "20", "-j",
                             1)
        memory = self.report()["memory"]
        self.assertGreater(memory["peak_shared_bytes"], 20 * MIB)
        self.assertLess(memory["peak_coordinator_private_bytes"], 40 * MIB)

    def test_a_walked_header_is_shared_memory(self):  # needs: no sanitizer
        self.write("in/a.avif", HOSTILE_HEADERS["properties.avif"](40 << 20))
        self.run_coordinator("-q", "-i", "in", "-o", "out", "-s", "20", "-j",
                             1, code=2)
        memory = self.report()["memory"]
        self.assertGreater(memory["peak_shared_bytes"], 30 * MIB)
        self.assertLess(memory["peak_coordinator_private_bytes"], 20 * MIB)


if __name__ == "__main__":
    unittest.main()
