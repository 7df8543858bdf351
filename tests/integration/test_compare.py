"""Tests `coordinator compare`: real runs of the program, in real child
processes."""

import csv
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from harness import COORDINATOR, SAMPLES, ProgramCase

CRASH_PROBE = b"\xff\xd8\xff\xe0thumbmill crash probe"


class Compare(ProgramCase):
    def setUp(self):
        super().setUp()
        # The program makes its temporary folders here; they must be gone at the
        # end.
        self.temporary = self.path("temporary")
        os.mkdir(self.temporary)
        os.environ["TMPDIR"] = self.temporary
        self.addCleanup(os.environ.pop, "TMPDIR")

    def compare(self, *arguments, code=0):
        done = subprocess.run(
            [COORDINATOR, "compare", *map(str, arguments)],
            cwd=self.path("."), capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(os.listdir(self.temporary), [])
        return done

    # Under a sanitizer, the sanitizer ends the crashing process.
    def test_each_backend_and_a_crash(self):  # needs: no sanitizer
        self.compare("-i", SAMPLES, "-s", "64x", "--workers", "1,2",
                     "--repeat", 2, "--sets", "given", "--report", "cmp")
        with open(self.path("cmp/compare.json"), encoding="utf-8") as file:
            report = json.load(file)
        cases = {(case["backend"], case["workers"]): case
                 for case in report["sets"][0]["cases"]}
        self.assertEqual(set(cases), {
            ("serial", 1), ("threads", 1), ("threads", 2), ("processes", 1),
            ("processes", 2)})
        images = report["sets"][0]["images"]
        for case in cases.values():
            self.assertEqual(len(case["runs"]), 2)
            for run in case["runs"]:
                self.assertEqual(run["done"], images)
                self.assertGreater(run["cpu_seconds"], 0)
                self.assertGreater(run["context_switches"], 0)
                self.assertGreater(run["stage_ms"]["decode"], 0)
        # Inputs are never sent; messages exist only between processes.
        self.assertEqual(cases["threads", 2]["runs"][0]["message_bytes"], 0)
        self.assertGreater(cases["processes", 2]["runs"][0]["message_bytes"], 0)
        crashes = {crash["backend"]: crash for crash in report["crashes"]}
        self.assertEqual(crashes["threads"]["signal"], signal.SIGSEGV)
        self.assertLess(crashes["threads"]["complete"], images)
        self.assertEqual(crashes["processes"]["signal"], 0)
        self.assertEqual(crashes["processes"]["complete"], images)
        self.assertEqual(crashes["processes"]["named"], 1)

    def test_writes_a_table_a_csv_and_a_plot(self):
        done = self.compare("-i", SAMPLES, "-s", "64x", "--workers", 1,
                            "--repeat", 1, "--sets", "given", "--backends",
                            "serial,processes", "--report", "cmp")
        with open(self.path("cmp/compare.md"), encoding="utf-8") as file:
            self.assertEqual(file.read(), done.stdout)
        with open(self.path("cmp/compare.csv"), encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["backend"] for row in rows],
                         ["serial", "processes"])
        self.assertGreater(float(rows[1]["images_per_second"]), 0)
        plot = self.path("cmp/compare.svg")
        if shutil.which("gnuplot"):
            with open(plot, encoding="utf-8") as file:
                self.assertIn("<svg", file.read())
        else:
            self.assertIn("gnuplot", done.stderr)

    def test_wrong_usage_says_what_to_type(self):
        for arguments, word in ((("-s", "64x"), "-i "),
                                (("-i", "x"), "-s "),
                                (("-i", "-", "-s", "8x"), "stdin"),
                                (("-i", "x", "-s", "8x", "--workers", "0"),
                                 "1,2,4"),
                                (("-i", "x", "-s", "8x", "--backends", "gpu"),
                                 "threads"),
                                (("-i", "x", "-s", "8x", "-o", "out"), "-o")):
            self.assertIn(word, self.compare(*arguments, code=1).stderr)

    def test_an_interrupt_ends_the_run_under_way_and_leaves_nothing(self):
        process = subprocess.Popen(
            [COORDINATOR, "compare", "-i", SAMPLES, "-s", "200x", "--repeat",
             "500"], cwd=self.path("."), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=30), 128 + signal.SIGTERM)
        self.assertEqual(os.listdir(self.temporary), [])

    def test_a_full_disk_is_told_and_nothing_is_left(self):  # needs: mount
        small = self.path("small")
        os.mkdir(small)
        script = (f"mount -t tmpfs -o size=4m tmpfs {small} || exit 99\n"
                  f"{COORDINATOR} compare -i {SAMPLES} -s 64x --sets tiny"
                  f" --repeat 1\n"
                  f"echo code=$? $(ls {small} | wc -l)")
        done = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
             script], cwd=self.dir, capture_output=True, text=True, timeout=120,
            check=False, env={**os.environ, "TMPDIR": small})
        self.assertEqual(done.stdout.splitlines()[-1:], ["code=4 0"],
                         done.stderr)
        self.assertRegex(done.stderr, "cannot write .*[Nn]o space")

    def test_only_an_image_with_the_probe_crashes_and_only_when_asked(self):
        os.mkdir(self.path("in"))
        with open(self.path("in/planted.jpg"), "wb") as file:
            file.write(CRASH_PROBE)
        done = self.run_coordinator("-j", 1, "-i", "in", "-o", "out", "-s",
                                    "8x", code=2)
        self.assertIn("corrupt", done.err + self.failed_text("out"))
        self.run_coordinator("-j", 1, "-i", "in", "-o", "out2", "-s", "8x",
                             "--crash-probe", "--attempts", 1, code=2)
        self.assertIn('"crash"', self.failed_text("out2"))

    def failed_text(self, output):
        with open(self.path(f"{output}/.thumbmill/failed.jsonl"),
                  encoding="utf-8") as file:
            return file.read()


if __name__ == "__main__":
    unittest.main()
