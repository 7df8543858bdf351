"""Tests scripts/run after its build: the samples through a real server."""

import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../integration"))

from harness import (COORDINATOR, ROOT, ProgramCase, die_with_parent,  # noqa
                     origin, png, sample_names, tree, wait_until)

LAUNCH = os.path.join(ROOT, "scripts/launch.py")


class Launch(ProgramCase):
    def launch(self, *arguments):
        # The script keeps its port and finds the samples below --root.
        os.makedirs(self.path("tests/data"), exist_ok=True)
        if not os.path.exists(self.path("tests/data/samples")):
            os.symlink(os.path.join(ROOT, "tests/data/samples"),
                       self.path("tests/data/samples"))
        process = subprocess.Popen(
            [sys.executable, "-B", LAUNCH, "--coordinator", COORDINATOR,
             "--root", self.dir, "--", *arguments], cwd=self.dir,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=die_with_parent)
        self.started.append(process)
        return process

    def test_without_flags_the_samples_become_three_sizes_in_out(self):
        done = self.finish(self.launch(), 0)
        self.assertEqual(len(tree(self.path("out"))), 3 * len(sample_names()))
        self.assertEqual(done.out, f"thumbnails: {self.path('out')}\n")
        report = done.err.split("report:")[1].strip()
        self.assertTrue(os.path.exists(report), report)

    def test_a_second_run_makes_nothing_again(self):
        self.finish(self.launch(), 0)
        self.finish(self.launch(), 0)
        self.assertEqual(self.report()["counts"]["done_before"],
                         len(sample_names()))

    def test_flags_go_to_the_coordinator_and_its_exit_code_comes_back(self):
        self.write("d/x.png", png(20, 10))
        self.finish(self.launch("--input=d", "-omine", "--size", "8x"), 0)
        self.assertEqual(list(tree(self.path("mine"))), ["x_8.png"])
        self.finish(self.launch("-i", "d", "-s", "zero"), 1)
        self.write_list("urls.txt", [self.path("not-here.png")])
        self.finish(self.launch("-i", "urls.txt", "-o", "none"), 2)

    def test_sigterm_reaches_the_coordinator_once(self):
        with origin(self.dir) as server:
            urls = self.write_list("urls.txt", [f"{server.url}/silent/a.png"])
            run = self.launch("-i", urls, "--allow-loopback")
            wait_until(lambda: os.path.exists(
                self.path("out/.thumbmill/journal.sqlite")), 10, "the journal")
            wait_until(server_asked(server), 10, "a request")
            run.send_signal(signal.SIGTERM)
            self.finish(run, 143, 30)
        self.assertEqual(self.report()["ended"], "interrupted")


def server_asked(server):
    """Returns true once nginx has a connection besides its listening one."""
    def asked():
        with open("/proc/net/tcp", encoding="utf-8") as file:
            port = f":{server.port:04X}"
            return sum(line.split()[1].endswith(port) and
                       line.split()[3] == "01" for line in file) > 0
    return asked


if __name__ == "__main__":
    unittest.main()
