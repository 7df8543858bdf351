"""Runs every file of a corpus of hostile and unusual images. Each gets the
verdict of its MANIFEST.tsv, in any order, and kills nothing."""

import csv
import os
import random
import shutil
import unittest

from harness import ProgramCase, is_sanitized, tree

CORPUS = os.environ.get("THUMBMILL_CORPUS", "")
SANDBOX = "off" if is_sanitized() else "require"

# The manifest's words -> our reasons.
REASONS = {
    "empty": {"empty"},
    "not-image": {"not_image"},
    "unsupported": {"unsupported"},
    "corrupt": {"corrupt"},
    "truncated": {"truncated"},
    "too-large": {"too_big", "too_many_pixels", "too_costly"},
    "too-slow": {"too_costly"},
}


# Files whose expected verdict is ours, not the manifest's, with the reason.
OTHERWISE = {
    # All samples are there; Chromium, libvips and Pillow show them.
    "bad/truncated-no-eoi.jpg": "ok",
    "bad/no-iend.png": "ok",
    "bad/huge_IDAT.png": "ok",
    # A whole BMP. The manifest is older than our reader.
    "bad/bmp.jpg": "ok",
}


def rows(*categories):
    with open(os.path.join(CORPUS, "MANIFEST.tsv"), encoding="utf-8",
              newline="") as file:
        table = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row for row in table
                if row["category"].split("/")[0] in categories]


def allowed(expect):
    """Returns (may be done, reasons that it may fail with; None means any)."""
    done, reasons = False, set()
    for word in expect.split("|"):
        if word == "ok":
            done = True
        elif word == "policy:truncated":  # --fail-on error refuses these
            reasons |= {"truncated"}
        elif word == "policy:damaged":
            done, reasons = True, reasons | {"corrupt", "truncated"}
        elif word == "either":
            return True, None
        else:
            reasons |= REASONS[word.removeprefix("reject:")]
    return done, reasons


class Corpus(ProgramCase):
    def verdicts(self, chosen, seed, output):
        """Returns {path: 'done' or the reason} of one shuffled run."""
        paths = [os.path.join(CORPUS, row["path"]) for row in chosen]
        random.Random(seed).shuffle(paths)
        self.run_coordinator(
            "-j", 2, "-i", self.write_list(f"{output}.txt", paths), "-o",
            output, "-s", "64x", "--name", "{index}_{size}.{ext}", "--memory",
            "1G", "--sandbox", SANDBOX, code=None, timeout=280)
        failed = {url: record["reason"]
                  for url, record in self.failed(output).items()}
        made = {path.split("_")[0] for path in tree(self.path(output))}
        verdicts = {}
        for index, path in enumerate(paths):
            done = str(index) in made
            self.assertNotEqual(done, path in failed,
                                f"{path}: done and failed, or neither")
            verdicts[path] = "done" if done else failed[path]
        return verdicts

    def check(self, chosen):
        self.assertGreater(len(chosen), 5)
        verdicts = self.verdicts(chosen, 1, "one")
        wrong = []
        for row in chosen:
            expect = OTHERWISE.get(row["path"], row["expect"])
            if row["category"].split("/")[0] in ("gif", "webp", "avif"):
                # The manifest lets a program refuse these; ours must read them.
                expect = "ok"
            done, reasons = allowed(expect)
            path = os.path.join(CORPUS, row["path"])
            verdict = verdicts[path]
            fine = done if verdict == "done" else (
                reasons is None or verdict in reasons)
            if not fine or verdict in ("crash", "hang"):
                wrong.append(f"{row['path']}: {verdict}, expected {expect}")
        self.assertEqual(wrong, [], "\n".join(wrong))
        self.assertEqual(self.report("one")["workers_lost"], 0)
        return verdicts

    def test_photographs_and_variants_get_the_verdict_expected(self):
        self.check(rows("photos", "variants", "png", "orientation", "colour"))

    def test_bad_files_get_the_verdict_expected(self):
        self.check(rows("bad"))

    def test_gif_webp_and_avif_are_read_inside_the_sandbox(self):
        self.check(rows("gif", "webp", "avif"))

    def test_another_order_gives_the_same_verdicts(self):
        chosen = rows("bad")
        first = self.verdicts(chosen, 2, "one")
        for seed, output in ((3, "two"), (4, "three")):
            self.assertEqual(self.verdicts(chosen, seed, output), first)
            self.assertEqual(self.report(output)["workers_lost"], 0)

    def test_each_bad_file_alone_gives_the_same_verdict(self):  # long
        chosen = rows("bad")
        together = self.verdicts(chosen, 5, "together")
        for number, row in enumerate(chosen):
            with self.subTest(file=row["path"]):
                output = f"alone/{number}"
                alone = self.verdicts([row], 0, output)
                for path, verdict in alone.items():
                    self.assertEqual(verdict, together[path])
                self.assertEqual(self.report(output)["workers_lost"], 0)
                shutil.rmtree(self.path(output))


if __name__ == "__main__":
    unittest.main()
