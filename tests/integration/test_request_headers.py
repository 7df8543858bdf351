"""Tests the headers of a request: the user agent, the user's own headers, and
cookies within one chain of redirects. A server of raw TCP records the heads."""

import os
import signal
import time
import unittest

from harness import ProgramCase, png, tree
from raw_server import RawServer

IMAGE = png(60, 40)


def fields(head):
    """Returns {lower-case name: [values]} of a request."""
    found = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        found.setdefault(name.lower(), []).append(value.strip())
    return found


class Recorder:
    """Two origins; each records the heads of its requests."""

    def __init__(self, case, rules):
        self.heads = []  # (host, path, fields)
        self.rules = rules
        self.servers = [self._start(case, host)
                        for host in ("127.0.0.1", "127.0.0.2")]

    def _start(self, case, host):
        def answer(connection):
            seen = fields(connection.head)
            self.heads.append((host, connection.path, seen))
            if connection.method == "PUT":
                connection.read_body()
            status, *lines = self.rules(self, host, connection.path, seen)
            connection.answer(status, b"" if status[0] == "3" else IMAGE,
                              *lines)
            return True
        server = RawServer(answer, host)
        server.start()
        case.addCleanup(server.stop)
        return server

    def url(self, which, path):
        return self.servers[which].url + path

    def of(self, path, name):
        return [seen.get(name, []) for _, each, seen in self.heads
                if each == path]


class HeadersCase(ProgramCase):
    def fetch(self, urls, *flags, code=0):
        return self.run_coordinator(
            "-j", 1, "-i", self.write_list("urls.txt", urls), "-o", "out",
            "-s", "16x", "--allow-loopback", "--retries", 0, *flags,
            code=code)


class RequestHeaders(HeadersCase):
    def rules(self, recorder, host, path, _):
        if path.startswith("/same"):
            return "302 Found", "Location: /end" + path[5:]
        if path.startswith("/away"):
            return "302 Found", "Location: " + recorder.url(1, "/back" +
                                                             path[5:])
        if path.startswith("/back"):
            return "302 Found", "Location: " + recorder.url(0, "/home" +
                                                             path[5:])
        return ("200 OK",)

    def test_the_default_names_the_program_and_a_contact(self):
        recorder = Recorder(self, self.rules)
        self.fetch([recorder.url(0, "/a.png")])
        [[agent]] = recorder.of("/a.png", "user-agent")
        self.assertRegex(agent, r"^thumbmill/\d+\.\d+.*contact")
        self.assertEqual(recorder.of("/a.png", "accept-encoding"),
                         [["identity"]])

    def test_headers_stay_at_the_origin_that_they_were_meant_for(self):
        recorder = Recorder(self, self.rules)
        with open(self.path("headers.txt"), "w", encoding="utf-8") as file:
            file.write("# not for others\nX-Token: hush2\n")
        self.fetch([recorder.url(0, "/same/a.png"),
                    recorder.url(0, "/away/b.png")],
                   "--user-agent", "me/1", "--header", "Referer: hush1",
                   "--header", "Authorization: Bearer hush3", "--header",
                   "Cookie: c=hush4", "--header-file", "headers.txt")
        for path in ("/same/a.png", "/end/a.png", "/away/b.png"):
            with self.subTest(path=path):
                self.assertEqual(recorder.of(path, "referer"), [["hush1"]])
                self.assertEqual(recorder.of(path, "x-token"), [["hush2"]])
                self.assertEqual(recorder.of(path, "authorization"),
                                 [["Bearer hush3"]])
                self.assertEqual(recorder.of(path, "cookie"), [["c=hush4"]])
        for path in ("/back/b.png", "/home/b.png"):
            with self.subTest(path=path):
                self.assertEqual(len(recorder.of(path, "host")), 1)
                seen = next(each for _, its, each in recorder.heads
                            if its == path)
                self.assertNotIn("hush", str(seen))
        self.assertEqual({agent for _, _, seen in recorder.heads
                          for agent in seen["user-agent"]}, {"me/1"})

    def test_values_show_in_no_log_report_journal_or_worker(self):
        def rules(_, host, path, seen):
            del host, seen
            return ("404 Not Found",) if "bad" in path else ("200 OK",)
        recorder = Recorder(self, rules)
        done = self.fetch(
            [recorder.url(0, f"/{kind}.png") for kind in ("good", "bad")],
            "-vv", "--log-file", "run.log", "--header", "X-Token: hush",
            "--user-agent", "hush/1", code=2)
        texts = [done.out.encode(), done.err.encode()]
        for folder, _, names in os.walk(self.dir):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    texts.append(file.read())
        self.assertGreater(len(texts), 5)
        for text in texts:
            self.assertNotIn(b"hush", text)

    def test_what_would_break_a_request_is_a_usage_error(self):
        for flags in (("--header", "X: a\r\nY: hush"),
                      ("--header", "hush"),
                      ("--header", "Host: hush"),
                      ("--put-header", "Content-Length: hush"),
                      ("--user-agent", "a\nb: hush"),
                      ("--user-agent", "hush", "--header", "User-Agent: hush"),
                      ("--header-file", "nowhere")):
            with self.subTest(flags=flags):
                done = self.fetch(["http://127.0.0.1:1/a.png"], *flags, code=1)
                self.assertNotIn("hush", done.err)
                self.assertIn(flags[0], done.err)

    def test_a_wait_for_a_file_of_headers_can_be_ended(self):
        os.mkfifo(self.path("pipe"))
        process = self.start("-i", "u.txt", "-o", "out", "-s", "16x",
                             "--header-file", "pipe")
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        self.finish(process, 130, 10)

    def test_put_headers_go_to_the_target_only(self):
        recorder = Recorder(self, self.rules)
        self.run_coordinator(
            "-j", 1, "-i", self.write_list("u.txt", [
                recorder.url(0, "/a.png")]), "-o", recorder.url(1, "/up/"),
            "--state", "st", "-s", "16x", "--allow-loopback", "--header",
            "X-Source: 1", "--put-header", "X-Target: 2", "--put-header",
            "Cache-Control: max-age=60", "--user-agent", "me")
        for host, path, seen in recorder.heads:
            target = host == "127.0.0.2"
            self.assertEqual("x-target" in seen, target, path)
            self.assertEqual("cache-control" in seen, target, path)
            self.assertEqual("x-source" in seen, not target, path)
            self.assertEqual(seen["user-agent"] == ["me"], not target, path)
        self.assertTrue(any(host == "127.0.0.2" and path != "/up/"
                            for host, path, _ in recorder.heads))


class Cookies(HeadersCase):
    """A server that redirects for ever if its cookie does not come back."""

    def rules(self, recorder, host, path, seen):
        cookie = "; ".join(seen.get("cookie", []))
        name = path.rpartition("/")[2].partition(".")[0]
        if path.startswith("/many"):
            if len(cookie) > 1000:
                return ("200 OK",)
            return ("302 Found", f"Location: {path}",
                    *[f"Set-Cookie: c{i}={'x' * 3000}" for i in range(60)])
        if host == "127.0.0.1" and "stay" in path:
            if f"id={name}" in cookie:
                return ("200 OK",)
            return ("302 Found", f"Location: {path}", f"Set-Cookie: id={name}",
                    "Set-Cookie: other=1; Domain=example.org")
        if "away" in path and host == "127.0.0.1":
            return ("302 Found", f"Location: {recorder.url(1, path)}",
                    f"Set-Cookie: id={name}")
        return ("200 OK",)

    def test_a_cookie_lives_for_one_chain(self):
        recorder = Recorder(self, self.rules)
        urls = [recorder.url(0, f"/stay/{i}.png") for i in range(20)]
        self.fetch(urls, "--downloads", 2)  # reuses handles
        self.assertEqual(len(tree(self.path("out"))), 20)
        for i in range(20):
            self.assertEqual(recorder.of(f"/stay/{i}.png", "cookie"),
                             [[], [f"id={i}"]])

    def test_cookies_go_to_nobody_else(self):
        recorder = Recorder(self, self.rules)
        self.fetch([recorder.url(0, f"/away/{i}.png") for i in range(5)] +
                   [recorder.url(0, "/plain/x.png")])
        for _, path, seen in recorder.heads:
            self.assertNotIn("cookie", seen, path)

    def test_they_join_the_users_own_and_are_bounded(self):
        recorder = Recorder(self, self.rules)
        self.fetch([recorder.url(0, "/stay/7.png"),
                    recorder.url(0, "/many/1.png")], "--header", "Cookie: a=1")
        [cookies] = recorder.of("/stay/7.png", "cookie")[1:]
        self.assertEqual(len(cookies), 1)
        self.assertEqual(sorted(cookies[0].split("; ")), ["a=1", "id=7"])
        [[many]] = recorder.of("/many/1.png", "cookie")[1:]
        self.assertLess(len(many), 20_000)


class TooSlow(HeadersCase):
    def test_a_body_that_is_too_slow_has_one_more_try(self):
        def answer(connection):
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
                            IMAGE[:100])
            connection.wait_for_peer()
        with RawServer(answer) as server:
            self.run_coordinator(
                "-j", 1, "-i", self.write_list("u.txt", [
                    f"{server.url}/a.png"]), "-o", "out", "-s", "16x",
                "--allow-loopback", "--retries", 5, "--retry-delay", "10ms",
                "--min-speed", "10K/300ms", code=2)
            self.assertEqual(len(server.asked), 2)
        [record] = self.failed().values()
        self.assertEqual((record["reason"], record["attempts"]),
                         ("too_slow", 2))


if __name__ == "__main__":
    unittest.main()
