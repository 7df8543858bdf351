"""The files and folders that docs/extending.md names are there."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "extending.md"
# A path in backticks: a folder ends in '/', a file has a suffix.
PATH = re.compile(r"`((?:[a-z_0-9]+/)+(?:[a-z_0-9]+\.[a-z]+)?)[` ]")
SCRIPT = re.compile(r"`(scripts/[a-z_]+)[` ]")
LINK = re.compile(r"\]\(([a-z]+\.md)\)")


class Extending(unittest.TestCase):
    def setUp(self):
        self.text = PAGE.read_text()

    def test_each_path_exists(self):
        paths = PATH.findall(self.text) + SCRIPT.findall(self.text)
        self.assertGreater(len(paths), 40)
        gone = [path for path in paths if not (ROOT / path).exists()]
        self.assertEqual(gone, [])

    def test_each_link_leads_to_a_page(self):
        links = LINK.findall(self.text)
        self.assertTrue(links)
        for link in links:
            self.assertTrue((PAGE.parent / link).is_file(), link)

    def test_there_is_a_recipe_for_each_kind_of_change(self):
        for kind in ("an image format", "a target", "a source", "a flag",
                     "a subcommand", "a filter", "a retry rule",
                     "a place to run"):
            self.assertRegex(self.text, rf"(?m)^## (Add|Change) {kind}$")


if __name__ == "__main__":
    unittest.main()
