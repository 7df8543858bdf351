"""A size with a side that is too long for its format is written in a format
that can hold it, under a name that says so; the other sizes do not change."""

import os
import subprocess
import unittest
import zlib

from harness import WORKER, ProgramCase, png, png_of, tree


def strip(width, channels):
    row = b"\0" + bytes((200, 40, 40, 128)[:channels]) * width
    return png_of(width, 2, zlib.compress(row * 2),
                  colour_type=2 if channels == 3 else 6)


class LongSides(ProgramCase):
    def setUp(self):
        super().setUp()
        self.write("in/a.png", strip(20000, 3))
        self.write("in/b.png", strip(20000, 4))
        self.write("in/c.png", png(40, 30))

    def webp(self, name):
        """Writes a WebP of 40x30."""
        os.makedirs(self.path(os.path.dirname(name)), exist_ok=True)
        subprocess.run([WORKER, "thumbnail", self.path("in/c.png"),
                        self.path(name), "-s", "40x"], check=True,
                       stdout=subprocess.DEVNULL)

    def test_the_name_says_the_format_on_every_backend(self):
        made = []
        for backend in ("serial", "threads", "processes"):
            self.run_coordinator("-i", "in", "-o", backend, "--backend",
                                 backend, "-s", "100x,20000x", "--format",
                                 "webp")
            made.append(tree(self.path(backend)))
        self.assertEqual(sorted(made[0]), [
            "a_100.webp", "a_20000.jpg", "b_100.webp", "b_20000.png",
            "c_100.webp", "c_20000.webp"])
        self.assertEqual(made[0], made[1])
        self.assertEqual(made[0], made[2])
        self.assertEqual(self.image("processes/a_20000.jpg"),
                         ("jpg", 20000, 2))
        self.assertEqual(self.image("processes/b_20000.png"),
                         ("png", 20000, 2))

    def test_the_other_sizes_have_the_same_bytes_without_it(self):
        for output, sizes in (("one", "100x"), ("two", "100x,20000x")):
            self.run_coordinator("-i", "in", "-o", output, "-s", sizes,
                                 "--format", "webp")
        one, two = tree(self.path("one")), tree(self.path("two"))
        self.assertEqual({name: two[name] for name in one}, one)

    def test_a_rerun_makes_nothing_and_a_size_more_is_added(self):
        arguments = ("-i", "in", "-o", "out", "--format", "webp", "-s")
        self.run_coordinator(*arguments, "100x")
        self.run_coordinator(*arguments, "100x,20000x")
        first = tree(self.path("out"))
        self.assertEqual(len(first), 6)
        self.run_coordinator(*arguments, "100x,20000x")
        self.assertEqual(tree(self.path("out")), first)

    def test_the_same_format_shows_the_extension_of_the_source(self):
        self.webp("w/w.webp")
        self.run_coordinator("-i", "w", "-o", "out", "-s", "20x,16400x2!")
        self.assertEqual(sorted(tree(self.path("out"))),
                         ["w.webp_16400x2.jpg", "w_20.webp"])

    def test_its_name_is_claimed(self):
        """Two sources must never write one name."""
        self.webp("w/w.webp")
        subprocess.run([WORKER, "thumbnail", self.path("in/c.png"),
                        self.path("w/w.webp.jpg"), "-s", "30x"], check=True,
                       stdout=subprocess.DEVNULL)
        self.run_coordinator("-i", "w", "-o", "out", "-s", "20x,16400x2!",
                             code=2)
        reasons = [(os.path.basename(url), record["reason"])
                   for url, record in self.failed().items()]
        self.assertEqual(reasons, [("w.webp", "name_collision")])

    def test_by_hand_the_extension_follows(self):
        done = subprocess.run(
            [WORKER, "thumbnail", self.path("in/a.png"),
             self.path("by_{size}.webp"), "-s", "100x", "-s", "20000x"],
            check=True, stdout=subprocess.PIPE, text=True)
        self.assertIn("by_20000.jpg 20000x2", done.stdout)
        self.assertEqual(self.image("by_20000.jpg"), ("jpg", 20000, 2))
        self.assertTrue(os.path.exists(self.path("by_100.webp")))


if __name__ == "__main__":
    unittest.main()
