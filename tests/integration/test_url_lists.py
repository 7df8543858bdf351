"""Lists that lie on a web server: streamed, checked as images are, and with no
way to the files of this machine."""

import gzip
import os
import signal
import threading
import time
import unittest

from harness import DeadPort, ProgramCase, origin, png, wait_until
from raw_server import RawServer

IMAGE = png(60, 40)


class ListCase(ProgramCase):
    def serve(self, answers, host="127.0.0.1"):
        """Starts a server: {path: bytes, or function(connection)}. Every other
        path is an image."""
        def answer(connection):
            body = answers.get(connection.path, IMAGE)
            if callable(body):
                return body(connection)
            connection.answer("200 OK", body)
            return True
        server = RawServer(answer, host)
        server.start()
        self.addCleanup(server.stop)
        return server

    def run_list(self, url, *flags, code=0):
        if "--retries" not in flags:
            flags += ("--retries", 0)
        return self.run_coordinator("-j", 1, "-i", url, "-o", "out", "-s",
                                    "16x", "--allow-loopback", *flags,
                                    code=code)

    def done(self):
        return self.report()["counts"]["done"]


def lines(*entries):
    return "".join(f"{entry}\n" for entry in entries).encode()


class Lists(ListCase):
    def test_each_kind_of_list_is_read_plain_and_packed(self):
        answers = {}
        server = self.serve(answers)
        image = server.url + "/i/{}.png"
        kinds = {
            "txt": lines("# two", image.format("txt1"), image.format("txt2")),
            "csv": lines("id,url", "1," + image.format("csv")),
            "tsv": lines("id\turl", "1\t" + image.format("tsv")),
            "jsonl": lines('{"url": "%s"}' % image.format("jsonl")),
        }
        inputs = []
        for kind, body in kinds.items():
            answers[f"/plain.{kind}"] = body
            answers[f"/packed.{kind}.gz?token=1"] = gzip.compress(
                body.replace(b"/i/", b"/gz/"))
            inputs += ["-i", server.url + f"/packed.{kind}.gz?token=1",
                       "-i", server.url + f"/plain.{kind}"]
        self.run_list(*inputs[1:])
        self.assertEqual(self.done(), 10)
        self.assertEqual(self.report()["counts"]["listed"], 10)

    def test_a_format_makes_a_list_of_any_url(self):
        server = self.serve({})
        image = server.url + "/a.png"
        server.answer = lambda connection: connection.answer(
            "200 OK", lines(image) if connection.path == "/export" else IMAGE)
        self.run_list(server.url + "/export", "--input-format", "txt")
        self.assertEqual(self.done(), 1)

    def test_a_url_without_a_suffix_of_lists_is_one_image(self):
        server = self.serve({})
        self.run_list(server.url + "/a.png", server.url + "/list")
        self.assertEqual(self.done(), 2)

    def test_a_dry_run_reads_the_list(self):
        server = self.serve({"/l.txt": lines("http://h.example/a.jpg")})
        out = self.run_list(server.url + "/l.txt", "--dry-run").out
        self.assertEqual(out, "make\thttp://h.example/a.jpg\t"
                              "h.example/a_{size}.jpg\n")

    def test_images_are_made_before_the_list_has_ended(self):
        def slow(connection):
            connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
                            f"{server.url}/first.png\n{server.url}/se")
            # The rest is sent only after the first image was asked for.
            wait_until(lambda: any(each.path == "/first.png"
                                   for each in server.asked), 60, "the image")
            connection.send("cond.png\n")
        server = self.serve({"/slow.txt": slow})
        self.run_list(server.url + "/slow.txt")
        self.assertEqual(self.done(), 2)

    def test_a_list_of_any_length_is_streamed(self):
        # 60 MB of text in the list; the harness watches the run's memory.
        server = self.serve({})
        text = (b"# " + b"x" * 1021 + b"\n") * 60_000
        body = (lines(server.url + "/first.png") + text +
                lines(server.url + "/last.png"))
        packed = gzip.compress(body, 1)
        server.answer = lambda connection: connection.answer(
            "200 OK", {"/long.txt": body,
                       "/long.txt.gz": packed}.get(connection.path, IMAGE))
        self.run_list(server.url + "/long.txt", "-i",
                      server.url + "/long.txt.gz")
        self.assertEqual(self.done(), 2)
        self.assertEqual(self.report()["counts"]["listed"], 4)

    def test_nginx_serves_a_list_and_its_images(self):
        self.write("www/a.png", IMAGE)
        with origin(self.path("www")) as server:
            self.write("www/list.csv.gz", gzip.compress(
                lines("url", server.url + "/a.png", server.url + "/b.png")))
            self.run_list(server.url + "/list.csv.gz", code=2)
        self.assertEqual(self.done(), 1)
        [record] = self.failed().values()
        self.assertEqual(record["reason"], "http_4xx")

    def test_failed_jsonl_of_a_server_is_tried_again(self):
        server = self.serve({})
        record = ('{"url": "%s/again.png", "status": "failed", "reason": '
                  '"timeout", "host": "h", "dir": "d", "stem": "s", '
                  '"srcext": "png", "index": 7}' % server.url)
        server.answer = lambda connection: connection.answer(
            "200 OK", lines(record) if "failed" in connection.path else IMAGE)
        self.run_list(server.url + "/failed.jsonl")
        self.assertEqual(self.image("out/h/d/s_16.png"), ("png", 16, 11))


class Trust(ListCase):
    def test_no_line_is_a_path_of_this_machine(self):
        local = self.write("secret.png", IMAGE)
        entries = [local, "secret.png", "./secret.png", f"file://{local}",
                   f"file:{local}", f"FILE://{local}", "http:/secret.png"]
        server = self.serve({"/l.txt": lines(*entries)})
        self.run_list(server.url + "/l.txt", code=2)
        self.assertEqual(self.done(), 0)
        failed = self.failed()
        self.assertEqual(set(failed), set(entries))
        for record in failed.values():
            self.assertEqual(record["reason"], "bad_line")
        self.assertIn("may not name local files",
                      failed[local]["message"])

    def test_tables_name_no_local_files_either(self):
        local = self.write("secret.png", IMAGE)
        server = self.serve({
            "/l.csv": lines("url", local),
            "/l.tsv": lines("url", "./secret.png"),
            "/l.jsonl": lines('{"url": "secret.png"}')})
        self.run_list(server.url + "/l.csv", "-i", server.url + "/l.tsv",
                      "-i", server.url + "/l.jsonl", code=2)
        self.assertEqual(self.done(), 0)
        self.assertEqual([each["reason"] for each in self.failed().values()],
                         ["bad_line"] * 3)

    def test_the_rules_for_addresses_hold_for_its_images(self):
        server = self.serve({})
        image = server.url + "/a.png"
        server.answer = lambda connection: connection.answer(
            "200 OK", lines(image) if "list" in connection.path else IMAGE)
        self.run_coordinator("-i", server.url + "/list.txt", "-o", "out", "-s",
                             "16x", "--retries", 0, code=2)
        self.assertEqual(self.failed()[image]["reason"], "forbidden_address")

    def test_a_redirect_is_checked_and_followed(self):
        other = self.serve({"/l.txt": lines("# empty")}, "127.0.0.2")

        def moved(connection):
            connection.answer("302 Found", b"moved",
                              f"Location: {other.url}/l.txt")
            return True
        server = self.serve({"/l.txt": moved})
        self.run_list(server.url + "/l.txt")
        err = self.run_coordinator("-i", server.url + "/l.txt", "-o", "out2",
                                   "-s", "16x", code=1).err
        self.assertIn("127.0.0.2", err)
        self.assertFalse(os.path.exists(self.path("out2")))

    def test_messages_hide_a_password(self):
        def missing(connection):
            connection.answer("404 Not Found")
        server = self.serve({"/l.txt": missing})
        url = server.url.replace("//", "//me:hunter2@") + "/l.txt"
        err = self.run_list(url, code=1).err
        self.assertIn("404", err)
        self.assertNotIn("hunter2", err)


class Failures(ListCase):
    def refused(self, url, *flags):
        err = self.run_list(url, *flags, code=1).err
        self.assertFalse(os.path.exists(self.path("out")))
        return err

    def test_a_list_that_is_not_there_starts_nothing(self):
        def missing(connection):
            connection.answer("404 Not Found", b"no such page")
        server = self.serve({"/l.txt": missing})
        err = self.refused(server.url + "/l.txt")
        self.assertIn("/l.txt: the server answered 404", err)

    def test_a_dead_server_starts_nothing(self):
        with DeadPort() as port:
            err = self.refused(f"http://127.0.0.1:{port}/l.txt")
        self.assertIn(f"{port}/l.txt: ", err)

    def test_a_web_page_is_no_list(self):
        page = b"<!DOCTYPE html><html><body>hello</body></html>\n"
        server = self.serve({"/l.txt": page})
        self.assertIn("web page", self.refused(server.url + "/l.txt"))

    def test_a_table_without_the_column_starts_nothing(self):
        server = self.serve({"/l.csv": lines("a,b", "1,2")})
        self.assertIn("url", self.refused(server.url + "/l.csv"))

    def test_it_is_tried_again_before_its_first_byte(self):
        def flaky(connection):
            if len(server.asked) <= 2:
                connection.answer("503 Service Unavailable")
                return
            connection.answer("200 OK", lines(server.url + "/a.png"))
        server = self.serve({"/l.txt": flaky})
        self.run_list(server.url + "/l.txt", "--retries", 3, "--retry-delay",
                      "10ms")
        self.assertEqual(self.done(), 1)

    def test_a_cut_list_is_incomplete(self):
        def cut(connection):
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
                            f"{server.url}/a.png\n{server.url}/b.p")
        server = self.serve({"/l.txt": cut, "/m.txt": lines("# empty")})
        err = self.run_list(server.url + "/l.txt", "--retries", 3, code=2).err
        self.assertIn("/l.txt: the download ended early", err)
        self.assertEqual(self.done(), 1)
        self.assertEqual(sum(each.path == "/l.txt" for each in server.asked),
                         1, "a list that has begun is not tried again")
        self.assertEqual(self.report()["counts"]["listed"], 1)

    def test_a_cut_packed_list_is_incomplete(self):
        def cut(connection):
            body = gzip.compress(lines(server.url + "/a.png"))[:-12]
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
                            body)
        server = self.serve({"/l.txt.gz": cut})
        err = self.run_list(server.url + "/l.txt.gz", code=2).err
        self.assertIn("the download ended early", err)

    def test_a_reset_leaves_the_other_lists_alone(self):
        def reset(connection):
            connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n"
                            "Content-Length: 1000\r\n\r\n",
                            f"{server.url}/a.png\n")
            wait_until(lambda: any(each.path == "/a.png"
                                   for each in server.asked), 60, "the image")
            connection.reset()
        server = self.serve({})
        answers = {"/l.txt": reset}
        body = lines(server.url + "/b.png")
        server.answer = lambda connection: (
            answers[connection.path](connection)
            if connection.path in answers else connection.answer(
                "200 OK", body if connection.path == "/m.txt" else IMAGE))
        self.run_list(server.url + "/l.txt", "-i", server.url + "/m.txt",
                      code=2)
        self.assertEqual(self.done(), 2)

    def test_a_server_that_sends_nothing_more_ends_the_list(self):
        def stuck(connection):
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
                            f"{server.url}/a.png\n")
            connection.wait_for_peer()
        server = self.serve({"/l.txt": stuck})
        err = self.run_list(server.url + "/l.txt", "--min-speed", "10K/1s",
                            code=2).err
        self.assertIn("slower than 1 bytes/s", err)
        self.assertEqual(self.done(), 1)


class Signals(ListCase):
    def interrupt(self, answer, path, begun):
        """Sends SIGINT while the list does not come."""
        hang = threading.Event()
        self.addCleanup(hang.set)

        def wait(connection):
            answer(connection)
            hang.wait(60)
        server = self.serve({path: wait})
        process = self.start("-j", 1, "-i", server.url + path, "-o", "out",
                             "-s", "16x", "--allow-loopback")
        wait_until(lambda: begun(server), 60, "the list is waited for")
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        self.finish(process, 130, 30)
        self.assertLess(time.monotonic() - asked, 15)

    def test_a_signal_ends_the_wait_for_the_first_byte(self):
        self.interrupt(lambda connection: None, "/l.txt",
                       lambda server: server.asked)

    def test_a_signal_ends_the_wait_for_the_next_line(self):
        def begin(connection):
            host = connection.head.split(b"Host: ")[1].split(b"\r\n")[0]
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
                            f"http://{host.decode()}/a.png\n")
        self.interrupt(begin, "/l.txt", lambda server: os.path.exists(
            self.path("out", "127.0.0.1", "a_16.png")))
        self.assertEqual(self.done(), 1)


if __name__ == "__main__":
    unittest.main()
