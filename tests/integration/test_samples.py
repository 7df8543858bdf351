"""Runs real photographs from a real server through the whole walk."""

import os
import re
import unittest

from harness import (ROOT, SAMPLES, ProgramCase, image_size, origin, sample,
                     sample_names, tree)


class Samples(ProgramCase):
    def test_thumbnails_of_the_samples_have_the_sizes_asked_for(self):
        with origin(SAMPLES) as server:
            urls = self.write_list(
                "urls.txt", [f"{server.url}/{name}" for name in sample_names()])
            self.run_coordinator("-j", 2, "-i", urls, "-o", "out", "-s",
                                 "200x,x64,32x32", "--allow-loopback")
        made = {os.path.basename(path): path for path in tree(self.path("out"))}
        self.assertEqual(len(made), 3 * len(sample_names()))
        for name in sample_names():
            kind, width, height = image_size(sample(name))
            stem = os.path.splitext(name)[0]
            side = max(width, height)
            for label, size in {
                    "200": (200, half_up(height * 200, width)),
                    "x64": (half_up(width * 64, height), 64),
                    "32x32": (half_up(width * 32, side),
                              half_up(height * 32, side))}.items():
                self.assertEqual(
                    self.image("out", made[f"{stem}_{label}.{kind}"]),
                    (kind,) + size, f"{name} at {label}")

    def test_all_backends_write_the_same_bytes(self):
        photos = self.make_photos()
        for backend, workers in (("serial", 1), ("threads", 2),
                                 ("processes", 2), ("processes", 1)):
            output = f"{backend}-{workers}"
            self.run_coordinator("--backend", backend, "-j", workers, "-i",
                                 photos, "-o", output, "-s", "200x,64x,32x")
        reference = tree(self.path("serial-1"))
        self.assertEqual(len(reference), 3 * len(sample_names()))
        for output in ("threads-2", "processes-2", "processes-1"):
            self.assertEqual(tree(self.path(output)), reference, output)

    def test_report_counts_what_was_done(self):
        photos = self.make_photos()
        self.run_coordinator("-j", 2, "-i", photos, "-o", "out", "-s", "64x")
        report = self.report()
        made = sum(os.path.getsize(self.path("out", path))
                   for path in tree(self.path("out")))
        read = sum(len(sample(name)) for name in sample_names())
        self.assertEqual(report["counts"]["done"], len(sample_names()))
        self.assertEqual(report["counts"]["failed"], 0)
        self.assertEqual(report["exit_code"], 0)
        self.assertEqual(report["ended"], "finished")
        self.assertEqual(report["bytes_in"], read)
        self.assertEqual(report["bytes_out"], made)
        self.assertEqual(report["files_out"], len(sample_names()))
        self.assertEqual(report["workers"], 2)
        self.assertEqual(report["recipe"]["sizes"], ["64x"])
        self.assertEqual(report["latency"]["decode"]["count"],
                         len(sample_names()))
        self.assertGreater(report["images_per_second"], 0)

    def test_state_holds_nothing_but_journal_and_reports_afterwards(self):
        self.run_coordinator("-i", self.make_pngs(20), "-o", "out", "-s",
                             "8x")
        self.assertLessEqual(
            set(os.listdir(self.path("out/.thumbmill"))),
            {"journal.sqlite", "report.json", "failed.jsonl", "lock",
             "target.lock", "tmp"})
        left = [name for _, _, names in os.walk(
            self.path("out/.thumbmill/tmp")) for name in names]
        self.assertEqual(left, [])
        self.assert_nothing_left()

    def test_help_is_what_docs_cli_md_says(self):
        text = self.run_coordinator("--help").out
        with open(os.path.join(ROOT, "docs/cli.md"), encoding="utf-8") as file:
            blocks = re.findall(r"^```[a-z]*\n(.*?)^```", file.read(),
                                re.M | re.S)
        self.assertIn(text.strip(), [block.strip() for block in blocks])


def half_up(numerator, denominator):
    return max(1, (2 * numerator + denominator) // (2 * denominator))


if __name__ == "__main__":
    unittest.main()
