"""Each fault of an input gives its own stable reason and harms nothing else."""

import os
import subprocess
import unittest

from harness import (WORKER, DeadPort, OriginCase, ProgramCase, png, png_of,
                     sample, tree, with_jpeg_size)

JPEG = "free_by_Peter_Nerlich.jpg"
PHOTO_PNG = "Picture_0B_by_freespace_half.png"


def corrupt_jpeg(data):
    """Returns a JPEG without the Huffman tables of its scan: nothing can be
    decoded."""
    at = data.index(b"\xff\xc4")
    length = int.from_bytes(data[at + 2:at + 4], "big")
    return data[:at + 4] + b"\xff" * (length - 2) + data[at + 2 + length:]


class BadInputs(OriginCase):
    def reason_of(self, url, *flags, code=2):
        """Runs `url` between two good images; returns its record, or None if
        done."""
        good = [f"{self.server.url}/many/{i}.png" for i in (1, 2)]
        urls = self.write_list("urls.txt", [good[0], url, good[1]])
        retries = () if "--retries" in flags else ("--retries", 1)
        self.run_coordinator(
            "-j", 1, "-i", urls, "-o", "out", "-s", "16x", "--allow-loopback",
            "--retry-delay", "10ms", *retries, *flags, code=code, timeout=60)
        names = {os.path.basename(path) for path in tree(self.path("out"))}
        self.assertLessEqual({"1_16.png", "2_16.png"}, names)
        failed = self.failed()
        self.assertEqual(set(failed), {url} if code == 2 else set())
        if code != 2:
            return None
        self.assertEqual(len(names), 2, names)
        record = failed[url]
        self.assertEqual(record["status"], "failed")
        self.assertTrue(record["message"])
        self.assertEqual(self.report()["counts"]["failed_by_reason"],
                         {record["reason"]: 1})
        return record

    def served(self, name, data):
        self.write(f"www/{name}", data)
        return f"{self.server.url}/{name}"

    def check(self, url, reason, *flags):
        record = self.reason_of(url, *flags)
        self.assertEqual(record["reason"], reason, record)
        return record

    def test_an_unknown_host_is_dns(self):
        self.check("http://nonexistent.invalid/a.jpg", "dns")

    def test_a_refused_connection_is_connect(self):
        with DeadPort() as port:
            record = self.check(f"http://127.0.0.1:{port}/a.jpg", "connect")
        self.assertEqual(record["attempts"], 2)

    def test_404_is_http_4xx_and_not_tried_again(self):
        record = self.check(f"{self.server.url}/missing.jpg", "http_4xx")
        self.assertEqual(record["attempts"], 1)
        asked = [uri for _, uri, _ in self.server.requests()
                 if uri == "/missing.jpg"]
        self.assertEqual(len(asked), 1)

    def test_500_is_http_5xx_after_the_retries(self):
        self.check(f"{self.server.url}/500/a.jpg", "http_5xx")
        asked = [uri for _, uri, _ in self.server.requests()
                 if uri == "/500/a.jpg"]
        self.assertEqual(len(asked), 2)

    def test_500_and_then_200_is_done(self):
        self.reason_of(f"{self.server.url}/flaky/1/good.png", code=0)
        self.assertEqual(self.report()["counts"]["done"], 3)
        self.assertEqual(self.report()["counts"]["retries"], 1)

    def test_a_slow_body_is_too_slow(self):
        self.check(f"{self.server.url}/slow/a.jpg", "too_slow", "--min-speed",
                   "10K/1s", "--retries", 0)

    def test_no_answer_at_all_is_timeout(self):
        self.check(f"{self.server.url}/silent/a.jpg", "timeout",
                   "--first-byte-timeout", "500ms", "--retries", 0)

    def test_an_endless_body_is_too_big(self):
        self.check(f"{self.server.url}/endless/jpeg/a.jpg", "too_big",
                   "--max-bytes", "1M")

    def test_what_begins_unlike_an_image_is_not_read_to_its_end(self):
        self.check(f"{self.server.url}/endless/text/a.jpg", "not_image",
                   "--max-bytes", "1G", "--memory", "2G")

    def test_a_body_cut_short_is_truncated_body(self):
        self.check(f"{self.server.url}/short/a.jpg", "truncated_body")

    def test_html_instead_of_an_image_is_not_image(self):
        page = b"<!doctype html><title>Sorry</title><p>Not here." * 20
        self.check(self.served("page.jpg", page), "not_image")

    def test_an_empty_file_is_empty(self):
        self.check(self.served("empty.jpg", b""), "empty")

    def test_a_truncated_jpeg_is_truncated(self):
        data = sample(JPEG)
        self.check(self.served("cut.jpg", data[:len(data) // 2]), "truncated")

    def test_a_jpeg_that_only_lacks_its_end_marker_is_done_with_a_warning(self):
        url = self.served("open.jpg", sample(JPEG)[:-2])
        self.assertIsNone(self.reason_of(url, code=0))
        self.assertEqual(self.report()["counts"]["with_warnings"], 1)

    def test_fail_on_warning_refuses_a_jpeg_without_its_end_marker(self):
        url = self.served("open.jpg", sample(JPEG)[:-2])
        record = self.check(url, "corrupt", "--fail-on", "warning")
        self.assertIn("end marker", record["message"])

    def test_a_corrupt_jpeg_is_corrupt(self):
        self.check(self.served("bad.jpg", corrupt_jpeg(sample(JPEG))),
                   "corrupt")

    def test_a_truncated_png_is_truncated(self):
        data = sample(PHOTO_PNG)
        self.check(self.served("cut.png", data[:len(data) // 2]), "truncated")

    def test_a_corrupt_png_is_corrupt(self):
        self.check(self.served("bad.png", png_of(60, 40, b"\xff" * 500)),
                   "corrupt")

    def test_a_header_of_65500_by_65500_is_too_many_pixels(self):
        huge = with_jpeg_size(sample(JPEG), 65500, 65500)
        self.check(self.served("huge.jpg", huge), "too_many_pixels")

    def test_a_url_of_this_machine_is_forbidden_without_the_flag(self):
        urls = self.write_list("urls.txt", [f"{self.server.url}/good.png"])
        self.run_coordinator("-i", urls, "-o", "out", "-s", "16x", code=2)
        self.assertEqual([r["reason"] for r in self.failed().values()],
                         ["forbidden_address"])
        self.assertEqual(self.server.requests(), [])

    def test_a_line_that_is_no_url_is_bad_line(self):
        self.check("http://[not-an-address/a.jpg", "bad_line")

    def test_a_dangling_link_is_read(self):
        os.symlink("nowhere", self.path("dangling.png"))
        record = self.reason_of(self.path("dangling.png"))
        self.assertEqual(record["reason"], "read", record)

    def test_a_name_with_dots_stays_inside_the_target(self):
        self.write("www/e/good.png", png(60, 40))
        urls = self.write_list("urls.txt", [
            f"{self.server.url}/e/%2e%2e/%2e%2e/%2e%2e/good.png",
            f"{self.server.url}/e/..%2f..%2f..%2f..%2fgood.png",
            f"{self.server.url}/e/../../../../good.png"])
        self.run_coordinator("-i", urls, "-o", "deep/er/out", "-s", "16x",
                             "--allow-loopback", code=None)
        outside = [path for path in tree(self.dir)
                   if not path.startswith(("deep/er/out/", "www/", "urls"))]
        self.assertEqual(outside, [])

    def test_two_inputs_of_one_name_collide_and_the_first_wins(self):
        self.write("www/a/x.png", png(30, 20, 1))
        self.write("www/b/x.png", png(20, 30, 2))
        first, second = (f"{self.server.url}/{d}/x.png" for d in "ab")
        urls = self.write_list("urls.txt", [first, second])
        self.run_coordinator("-i", urls, "-o", "out", "-s", "10x", "--name",
                             "{stem}_{size}.{ext}", "--allow-loopback", code=2)
        record = self.failed()[second]
        self.assertEqual(record["reason"], "name_collision")
        # The message suggests a template that avoids the clash.
        self.assertIn("{", record["message"])
        self.assertEqual(self.image("out/x_10.png"), ("png", 10, 7))

    def test_the_same_input_twice_is_a_skipped_duplicate(self):
        url = f"{self.server.url}/good.png"
        urls = self.write_list("urls.txt", [url, url])
        self.run_coordinator("-i", urls, "-o", "out", "-s", "16x",
                             "--allow-loopback")
        self.assertEqual(self.report()["counts"]["done"], 1)
        self.assertEqual(self.report()["counts"]["skipped_by_reason"],
                         {"duplicate": 1})
        self.assertEqual(len(self.server.requests()), 1)

    def test_failed_jsonl_is_private_and_can_be_given_as_input(self):
        self.check(f"{self.server.url}/missing.png", "http_4xx")
        path = self.path("out/.thumbmill/failed.jsonl")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.write("www/missing.png", png(60, 40))
        self.run_coordinator("-i", path, "-o", "out", "-s", "16x",
                             "--allow-loopback")
        self.assertIn("missing_16.png",
                      {os.path.basename(p) for p in tree(self.path("out"))})
        self.assertEqual(self.failed(), {})


class ByHand(ProgramCase):
    def test_worker_thumbnail_believes_no_header_its_memory(self):
        self.write("tall.png", png_of(309, 3_000_000, b""))
        worker = subprocess.Popen(
            [WORKER, "thumbnail", self.path("tall.png"),
             self.path("out.png"), "--size", "200x"],
            stderr=subprocess.PIPE, text=True)
        message = worker.stderr.read()
        worker.stderr.close()
        _, status, usage = os.wait4(worker.pid, 0)
        worker.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(worker.returncode, 2, message)
        self.assertIn("too_many_pixels", message)
        self.assertLess(usage.ru_maxrss, 512 << 10)  # KiB


if __name__ == "__main__":
    unittest.main()
