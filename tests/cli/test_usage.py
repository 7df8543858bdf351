"""Wrong usage starts nothing, exits 1, and says what to type instead."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../integration"))

from harness import COORDINATOR, ProgramCase, png  # noqa: E402


class Usage(ProgramCase):
    def refused(self, *arguments):
        done = self.run_coordinator(*arguments, code=1)
        self.assertEqual(done.out, "")
        self.assertFalse(os.path.exists(self.path("out")))
        return done.err

    def test_no_arguments_print_the_usage(self):
        err = self.refused()
        self.assertTrue(err.startswith("usage: coordinator "), err)
        for text in ("-i ", "-o ", "-s ", "compare"):
            self.assertIn(text, err)

    def test_run_without_flags_names_what_is_missing(self):
        self.assertIn("-i ", self.refused("run"))

    def test_a_misspelt_command_is_named_with_the_nearest(self):
        err = self.refused("comapre", "-i", "x.png")
        self.assertIn("'comapre'", err)
        self.assertIn("'compare'", err)

    def test_a_folder_may_have_a_name_near_a_command(self):
        self.write("runs/x.png", png(20, 10))
        self.run_coordinator("runs", "-o", "out", "-s", "8x")
        self.assertEqual(self.image("out/x_8.png"), ("png", 8, 4))

    def test_the_page_of_the_command_line_shows_the_help(self):
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
        subprocess.run(
            [sys.executable, os.path.join(root, "scripts/update_docs.py"),
             COORDINATOR, "--check"], check=True)

    def test_no_size_shows_one(self):
        self.assertIn("-s 200x", self.refused("-i", "x.png", "-o", "out"))

    def test_no_output_shows_one(self):
        self.assertIn("-o ", self.refused("-i", "x.png", "-s", "8x"))

    def test_an_unknown_flag_is_named(self):
        err = self.refused("-i", "x.png", "-o", "out", "--sise", "8x")
        self.assertIn("--sise", err)
        self.assertIn("--size", err)

    def test_a_size_that_is_none_is_quoted(self):
        self.assertIn("12q", self.refused("-i", "x.png", "-o", "out", "-s",
                                          "12q"))

    def test_two_sizes_of_one_name_are_refused(self):
        err = self.refused("-i", "x.png", "-o", "out", "-s", "8x,8")
        self.assertIn("8x", err)

    def test_an_unknown_backend_lists_the_known_ones(self):
        err = self.refused("-i", "x.png", "-o", "out", "-s", "8x",
                           "--backend", "gpu")
        for word in ("gpu", "serial", "threads", "processes"):
            self.assertIn(word, err)

    def test_a_duration_without_a_number_names_its_flag(self):
        self.assertIn("--timeout", self.refused("-i", "x.png", "-o", "out",
                                                "-s", "8x", "--timeout",
                                                "soon"))

    def test_image_size_without_resize_mode_names_both_choices(self):
        err = self.refused("-i", "x.png", "-o", "out", "--image_size", "256")
        self.assertIn("border", err)
        self.assertIn("-s 256", err)

    def test_an_input_that_is_not_there_is_named(self):
        self.assertIn("nowhere.txt", self.refused("-i", "nowhere.txt", "-o",
                                                  "out", "-s", "8x"))

    def test_a_name_that_leaves_out_the_size_is_refused(self):
        self.assertIn("{size}", self.refused("-i", "x.png", "-o", "out", "-s",
                                             "8x,9x", "--name", "{stem}.png"))

    def test_underscores_and_run_and_equals_signs_are_understood(self):
        self.write("d/x.png", png(20, 10))
        self.run_coordinator("run", "--input=d", "--output_folder=out",
                             "--size=8x", "--max_pixels", "1000")
        self.assertEqual(self.image("out/x_8.png"), ("png", 8, 4))

    def test_a_dry_run_prints_names_and_writes_nothing(self):
        self.write("d/x.png", png(20, 10))
        done = self.run_coordinator("-i", "d", "-o", "out", "-s", "8x,4x",
                                    "--dry-run")
        self.assertEqual(done.out, "make\td/x.png\tx_{size}.png\n")
        self.assertFalse(os.path.exists(self.path("out")))

    def test_version_is_one_line(self):
        out = self.run_coordinator("--version").out
        self.assertRegex(out, r"^thumbmill \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main()
