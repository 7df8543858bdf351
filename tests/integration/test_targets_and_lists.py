"""Tests the places where lists come from and where thumbnails go."""

import gzip
import json
import os
import unittest

from harness import (OriginCase, ProgramCase, origin, png, sample_names, tree,
                     wait_until)

# A PUT target that refuses each name below /first503/ once.
DAV = """
location /up/ {
  alias %(up)s/;
  dav_methods PUT;
  create_full_put_path on;
}
location /first503/ {
  rewrite_by_lua_block {
    if ngx.shared.counters:incr(ngx.var.uri, 1, 0) == 1 then
      return ngx.exit(503)
    end
    ngx.req.set_uri(ngx.re.sub(ngx.var.uri, "^/first503/", "/up/"), true)
  }
}
location /refused/ { return 403; }
"""


class PutTarget(ProgramCase):
    def setUp(self):
        super().setUp()
        os.makedirs(self.path("up"))
        self.server = origin(self.dir, DAV % {"up": self.path("up")})
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)

    def put(self, photos, folder, *flags, code=0):
        return self.run_coordinator(
            "-j", 2, "-i", photos, "-o", f"{self.server.url}/{folder}/",
            "--state", "state", "-s", "200x,32x", "--retry-delay", "10ms",
            *flags, code=code)

    def test_all_thumbnails_are_put_with_the_bytes_of_a_directory_run(self):
        photos = self.make_photos()
        self.run_coordinator("-j", 2, "-i", photos, "-o", "out", "-s",
                             "200x,32x")
        self.put(photos, "up")
        self.assertEqual(len(tree(self.path("up"))), 2 * len(sample_names()))
        self.assertEqual(tree(self.path("up")), tree(self.path("out")))

    def test_a_target_that_answers_503_once_gets_everything(self):
        photos = self.make_pngs(5)
        self.put(photos, "first503")
        self.assertEqual(len(tree(self.path("up"))), 10)
        answers = [status for method, uri, status in self.server.requests()
                   if method == "PUT"]
        self.assertEqual(answers.count(503), 10)
        self.assertEqual(answers.count(201), 10)

    def test_a_rerun_puts_nothing(self):
        photos = self.make_pngs(5)
        self.put(photos, "up")
        self.server.forget_requests()
        self.put(photos, "up")
        self.assertNotIn("PUT", [method for method, _, _ in
                                 self.server.requests()])

    def test_a_target_that_forbids_everything_is_no_success(self):
        done = self.put(self.make_pngs(3), "refused", code=None)
        self.assertIn(done.code, (2, 4), done.err)
        self.assertEqual(tree(self.path("up")), {})

    def test_a_put_target_without_state_says_what_to_add(self):
        done = self.run_coordinator("-i", "x.png", "-o", f"{self.server.url}/",
                                    "-s", "8x", code=1)
        self.assertIn("--state", done.err)


class Lists(OriginCase):
    def urls(self, count):
        return [f"{self.server.url}/many/{i}.png" for i in range(count)]

    def check(self, source, count, *flags, stdin=None):
        self.run_coordinator("-j", 2, "-i", source, "-o", "out", "-s", "8x",
                             "--allow-loopback", *flags, stdin=stdin)
        self.assertEqual(len(tree(self.path("out"))), count)
        self.assertEqual(self.report()["counts"]["done"], count)

    def test_a_list_on_stdin(self):
        self.check("-", 5, stdin="\n".join(self.urls(5)).encode())

    def test_comments_and_empty_lines_are_no_items(self):
        lines = ["# from the camera", ""] + self.urls(2) + ["", "# end"]
        self.check(self.write_list("urls.txt", lines), 2)
        self.assertEqual(self.report()["counts"]["listed"], 2)

    def test_a_csv_file_with_the_column_named(self):
        lines = ["id,link,note"] + [f'{i},"{url}","a, b"'
                                    for i, url in enumerate(self.urls(3))]
        self.check(self.write_list("urls.csv", lines), 3, "--url-col", "link")

    def test_a_gzipped_jsonl_file(self):
        lines = "".join(json.dumps({"url": url, "n": 1}) + "\n"
                        for url in self.urls(3))
        self.check(self.write("urls.jsonl.gz", gzip.compress(lines.encode())),
                   3)

    def test_a_directory_keeps_its_tree_and_skips_what_is_no_image(self):
        self.write("d/a/b/one.png", png(20, 10))
        self.write("d/two.png", png(20, 10))
        self.write("d/notes.txt", "words")
        self.write("d/.hidden/three.png", png(20, 10))
        self.check("d", 2)
        self.assertEqual(set(tree(self.path("out"))),
                         {"a/b/one_8.png", "two_8.png"})

    def test_an_empty_list_is_done_with_a_warning(self):
        done = self.run_coordinator("-i", self.write("urls.txt", ""), "-o",
                                    "out", "-s", "8x")
        self.assertTrue(done.err.strip())

    def test_ten_thousand_lines(self):
        self.check(self.write_list("urls.txt", self.urls(10000)), 10000,
                   "--per-host", 32)

    def test_descriptors_do_not_grow_with_the_list(self):
        run = self.start("-j", 2, "-i",
                         self.write_list("urls.txt", self.urls(6000)), "-o",
                         "out", "-s", "8x", "--allow-loopback", "--per-host",
                         16, "--downloads", 16)
        counts = []

        def sampled():
            try:
                counts.append(len(os.listdir(f"/proc/{run.pid}/fd")))
            except OSError:
                pass
            return run.poll() is not None
        wait_until(sampled, 100, "the end")
        self.finish(run, 0)
        self.assertGreater(len(counts), 20)
        middle, end = counts[len(counts) // 4:len(counts) // 2], counts[
            len(counts) // 2:]
        self.assertLessEqual(max(end), max(middle) + 8)
        self.assertLess(max(counts), 256)


if __name__ == "__main__":
    unittest.main()
