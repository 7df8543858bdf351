"""Makes the n-th call of libcurl, epoll or pthread_create fail, n = 1, 2, 3 ...
Either the affected image is tried again and made, or the run ends with a
message and its own exit code. Also tests names that do not resolve, by the
system's own resolver, among images that are made."""

import errno
import os
import resource
import shutil
import signal
import unittest

from harness import ProgramCase, png, read_jsonl, tree
from raw_server import RawServer

LIBRARY = os.path.join(os.environ["THUMBMILL_BIN"],
                       "tests/tools/libfailing_net_calls.so")
# CURLE_BAD_FUNCTION_ARGUMENT; no CURLMcode has that number.
REFUSED = 43


class UrlCase(ProgramCase):
    """Images on a server that also redirects with 303 to images."""

    IMAGES = 3

    def setUp(self):
        super().setUp()
        server = RawServer(self.answer)
        server.start()
        self.addCleanup(server.stop)
        self.server = server
        self.good = [f"{server.url}/{i}.png" for i in range(self.IMAGES)]
        self.good.append(f"{server.url}/moved/9.png")

    @staticmethod
    def answer(connection):
        if connection.method == "PUT":
            connection.read_body()
            connection.answer("201 Created")
        elif "/moved/" in connection.path:
            connection.answer("303 See Other", b"",
                              "Location: " + connection.path[6:])
        else:
            n = int(connection.path.rpartition("/")[2].partition(".")[0] or 0)
            connection.answer(body=png(40 + n, 30, n))
        return True

    def begin(self, urls, *flags, output="out", backend="serial", **options):
        return self.start(
            "-q", "--backend", backend, "-j", 1, "-i",
            self.write_list("urls.txt", urls), "-o", output, "-s", "20",
            "--allow-loopback", "--retry-delay", "5ms", *flags, **options)


class FailingNetCalls(UrlCase):
    def setUp(self):
        super().setUp()
        self.finish(self.begin(self.good, output="reference"), 0)
        self.reference = tree(self.path("reference"))
        self.assertEqual(len(self.reference), len(self.good))

    def fail_nth(self, kind, n, code, flags, backend="serial"):
        """Returns the run, and whether there was an n-th call to fail."""
        shutil.rmtree(self.path("out"), ignore_errors=True)
        marker = self.path("failed-a-call")
        if os.path.exists(marker):
            os.remove(marker)
        done = self.finish(
            self.begin(self.good, *flags, backend=backend, env={
                **os.environ, "LD_PRELOAD": LIBRARY,
                "FAILING_CALL": f"{kind}:{n}:{code}:{marker}"}), None, 60)
        return done, os.path.exists(marker)

    def fail_each(self, kind, code, *flags, codes=(0, 4), until=10 ** 6,
                  step=lambda n: n + 1, backend="serial"):
        n, ends = 1, []
        while n <= until:
            with self.subTest(call=kind, n=n):
                done, failed = self.fail_nth(kind, n, code, flags, backend)
                if not failed:
                    break
                ends.append(done.code)
                self.assertIn(done.code, codes, done.err)
                self.check_end(done)
            n = step(n)
        self.assertGreater(len(ends), 3, "nothing was failed")
        self.assertIn(0, ends, "no run got by without its call")

    def check_end(self, done):
        """Checks that all is made, or that one image or the run fails with a
        reason."""
        if done.code == -signal.SIGABRT:
            self.assertIn("src/thread.cpp", done.err)
        if done.code not in (0, 2):
            self.assertTrue(done.err.strip(), "it ended silently")
            return
        made = tree(self.path("out"))
        missing = set(self.reference) - set(made)
        self.assertLessEqual(set(made.items()), set(self.reference.items()))
        failed = [record["message"] for record in self.failed().values()]
        self.assertEqual(len(missing), len(failed), failed)
        self.assertEqual(len(failed), done.code // 2, failed)
        self.assertNotIn("", failed)

    def test_each_setopt_that_fails(self):  # needs: no sanitizer
        # These calls set the options of one request and some of the next.
        self.fail_each("setopt", REFUSED, codes=(0,), until=45)

    def test_setopts_that_fail_here_and_there(self):  # needs: no sanitizer
        self.fail_each("setopt", 27, codes=(0,),
                       step=lambda n: n + 7)

    def test_each_other_call_of_curl_that_fails(self):  # needs: no sanitizer
        # A Location that cannot be parsed for lack of memory fails permanently.
        self.fail_each("curl", 3, codes=(0, 2, 4),
                       step=lambda n: n + 1 + n // 20)

    def test_each_call_of_epoll_that_fails(self):  # needs: no sanitizer
        self.fail_each("epoll", errno.ENOMEM)

    def test_each_thread_that_fails(self):  # needs: no sanitizer
        for backend in ("threads", "processes"):
            # If one of libzmq's own two threads fails, libzmq ends the process.
            # The coordinator therefore tries threads beforehand; here that
            # trial succeeds and libzmq's threads fail.
            codes = (0, 4) if backend == "threads" else (0, 4, -signal.SIGABRT)
            self.fail_each("thread", errno.EAGAIN, backend=backend, codes=codes,
                           until=14)

    def test_a_library_that_refuses_everything(self):  # needs: no sanitizer
        for kind, code in (("setopt", REFUSED), ("curl", 3),
                           ("epoll", errno.ENOSPC),
                           ("thread", errno.EAGAIN)):
            with self.subTest(kind=kind):
                done, _ = self.fail_nth(kind, 0, code, ("--retries", 1))
                self.assertIn(done.code, (2, 4), done.err)

    def test_uploads_are_tried_again_too(self):  # needs: no sanitizer
        for n in range(1, 140, 5):
            with self.subTest(n=n):
                self.server.asked.clear()
                done = self.finish(self.start(
                    "-q", "--backend", "serial", "-i",
                    self.write_list("urls.txt", self.good[:1]),
                    "-o", self.server.url + "/up/", "-s", "20",
                    "--state", f"state-{n}", "--allow-loopback",
                    "--retry-delay", "5ms", env={
                        **os.environ, "LD_PRELOAD": LIBRARY,
                        "FAILING_CALL": f"setopt:{n}:{REFUSED}"}), None, 60)
                self.assertEqual(done.code, 0, done.err)
                self.assertIn("PUT", [asked.method
                                      for asked in self.server.asked])


class Limits(ProgramCase):
    def test_a_limit_of_file_sizes_is_an_error(self):  # needs: no sanitizer
        self.make_pngs(2)
        process = self.start(
            "-q", "-i", "pngs", "-o", "out", "-s", "20", "-j", 1,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                  (10240, 10240)))
        done = self.finish(process, 4)
        self.assertIn("too large", done.err.lower())


class Resolver(UrlCase):
    """RFC 6761: no resolver resolves a name below .invalid."""

    IMAGES = 8

    def run_with(self, bad, *flags):
        urls = []
        for i in range(max(len(self.good), len(bad))):
            urls += self.good[i:i + 1] + bad[i:i + 1]
        done = self.finish(self.begin(urls, *flags), 2, 60)
        self.assertEqual(len(tree(self.path("out"))), len(self.good), done.err)
        failed = {record["url"]: record["reason"] for record in read_jsonl(
            self.path("out/.thumbmill/failed.jsonl"))}
        self.assertEqual(failed, {url: "dns" for url in bad})

    def test_names_that_do_not_resolve_cost_only_their_images(self):
        bad = [f"http://no-such-host-{i}.invalid/{i}.png" for i in range(6)]
        self.run_with(bad)
        self.finish(self.begin(bad), 2, 60)  # the rerun

    def test_one_name_that_does_not_resolve_many_times(self):
        self.run_with([f"https://gone.invalid/{i}.png" for i in range(30)],
                      "--downloads", "2", "--per-host", "2")


if __name__ == "__main__":
    unittest.main()
