"""Faults of an origin: each gives its reason in bounded time, and all images of
other hosts are made. The test reads the requests from the servers' own logs and
the results from the tree."""

import gzip
import os
import statistics
import threading
import time
import unittest

from harness import (OriginCase, ProgramCase, is_sanitized, png, tree,
                     wait_until)
from raw_server import RawServer

GOOD = 20  # images of a healthy host
IMAGE = png(300, 200, 1)


def good_image(connection):
    connection.answer("200 OK", IMAGE)
    return True


class OriginFaults(OriginCase):
    def raw(self, answer, host="127.0.0.2"):
        server = RawServer(answer, host)
        server.start()
        self.addCleanup(server.stop)
        return server

    def fetch(self, urls, *flags, code=2, timeout=60):
        """Runs bad `urls` among good ones, which must all be made."""
        good = [f"{self.server.url}/many/{i}.png" for i in range(GOOD)]
        lines = []
        for i in range(max(len(good), len(urls))):
            lines += urls[i:i + 1] + good[i:i + 1]
        if "--retries" not in flags:
            flags = ("--retries", 1, *flags)
        if "--retry-delay" not in flags:
            flags = ("--retry-delay", "10ms", *flags)
        self.run_coordinator(
            "-j", 1, "-i", self.write_list("urls.txt", lines), "-o", "out",
            "-s", "16x", "--allow-loopback", *flags, code=code,
            timeout=timeout)
        made = tree(self.path("out"))
        self.assertLessEqual(
            {f"127.0.0.1/many/{i}_16.png" for i in range(GOOD)}, set(made))
        return made

    def reasons(self, urls, output="out"):
        """Returns the reasons of exactly these failures."""
        failed = self.failed(output)
        self.assertEqual(set(failed), set(urls))
        return {record["reason"] for record in failed.values()}

    def check(self, answer, reason, *flags, count=3):
        server = self.raw(answer)
        urls = [f"{server.url}/{i}.png" for i in range(count)]
        self.fetch(urls, *flags)
        self.assertEqual(self.reasons(urls), {reason}, self.failed())
        return server

    def test_a_reset_before_the_answer_is_connect(self):
        server = self.check(lambda c: c.reset(), "connect")
        self.assertGreaterEqual(len(server.asked), 5)

    def test_a_reset_in_the_body_is_truncated_body(self):
        def answer(connection):
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n",
                            IMAGE[:5000])
            time.sleep(0.1)
            connection.reset()
        self.check(answer, "truncated_body")

    def test_a_stall_is_noticed_wherever_it_happens(self):
        whole = (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(IMAGE)
                 + IMAGE)

        def answer(connection):
            connection.send(whole[:int(connection.path[1:-4])])
            connection.wait_for_peer()
        server = self.raw(answer)
        # The faults hit the status line, the headers, and many bytes of the
        # body.
        urls = [f"{server.url}/{k}.png"
                for k in (1, 9, 17, 30, 60, 200, 4096, len(whole) - 1)]
        before = time.monotonic()
        self.fetch(urls, "--min-speed", "10K/1s", "--retries", 0,
                   "--first-byte-timeout", "1s", "--per-host", 8)
        self.assertLess(time.monotonic() - before, 20)
        self.assertLessEqual(self.reasons(urls), {"too_slow", "timeout"})

    def test_a_short_body_is_truncated_body(self):
        self.check(lambda c: c.send(
            "HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n", IMAGE),
            "truncated_body")

    def test_a_length_below_the_bodys_is_truncated_and_poisons_nothing(self):
        def answer(connection):
            if connection.path.startswith("/good"):
                return good_image(connection)
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
                            IMAGE)
            return True
        server = self.raw(answer)
        bad = [f"{server.url}/bad{i}.png" for i in range(5)]
        good = [f"{server.url}/good{i}.png" for i in range(5)]
        made = self.fetch([url for pair in zip(bad, good) for url in pair],
                          "--per-host", 1)
        self.assertEqual(self.reasons(bad), {"truncated"})
        self.assertEqual(len({made[f"127.0.0.2/good{i}_16.png"]
                              for i in range(5)}), 1)

    def test_an_endless_chunked_body_is_too_big(self):
        def answer(connection):
            connection.send("HTTP/1.1 200 OK\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n")
            chunk = IMAGE[:8] + bytes(65528)
            while True:
                connection.send("10000\r\n", chunk, "\r\n")
        self.check(answer, "too_big", "--max-bytes", "1M")

    def test_a_gzip_bomb_is_too_big_and_takes_no_memory(self):
        bomb = gzip.compress(IMAGE[:8] + bytes(100_000_000), 9)
        server = self.raw(lambda c: c.answer("200 OK", bomb,
                                             "Content-Encoding: gzip"))
        urls = [f"{server.url}/{i}.png" for i in range(6)]
        run = self.start(
            "-j", 1, "-i", self.write_list("urls.txt", urls), "-o", "out",
            "-s", "16x", "--allow-loopback", "--max-bytes", "10M")
        peak = [0]

        def sampled():
            try:
                with open(f"/proc/{run.pid}/status", encoding="utf-8") as f:
                    for line in f:
                        if line.startswith("RssAnon:"):
                            peak[0] = max(peak[0], int(line.split()[1]))
            except OSError:
                pass
            return run.poll() is not None
        wait_until(sampled, 60, "the end")
        self.finish(run, 2)
        self.assertEqual(self.reasons(urls), {"too_big"})
        self.assertGreater(peak[0], 0)
        if not is_sanitized():  # its shadow memory is private too
            self.assertLess(peak[0], 64 << 10, "KB of private memory")

    def test_a_redirect_loop_is_redirect(self):
        server = self.check(lambda c: c.answer(
            "302 Found", b"", "Location: /again.png") or True, "redirect")
        self.assertEqual(len(server.asked), 3 * 11)

    def test_redirects_inside_are_forbidden_in_every_spelling(self):
        targets = ["http://10.0.0.1/", "http://169.254.169.254/latest/",
                   "http://[::ffff:10.0.0.1]/", "http://0x0a000001/",
                   "http://012.0.0.1/", "http://167772161/",
                   "http://[64:ff9b::a00:1]/", "http://[2002:a00:1::]/",
                   "http://0.0.0.0/", "http://224.0.0.1/"]

        def answer(connection):
            number = int(connection.path[1:-4])
            connection.answer("302 Found", b"",
                              f"Location: {targets[number]}")
            return True
        server = self.raw(answer)
        urls = [f"{server.url}/{i}.png" for i in range(len(targets))]
        self.fetch(urls)
        self.assertEqual(self.reasons(urls), {"forbidden_address"})

    def test_a_typed_url_cannot_redirect_to_this_machine(self):
        inside = self.raw(good_image, "127.0.0.3")
        server = self.raw(lambda c: c.answer(
            "302 Found", b"", f"Location: {inside.url}/a.png"))
        url = f"{server.url}/a.png"
        self.run_coordinator("-i", url, "-o", "out", "-s", "16x", code=2)
        self.assertEqual(self.reasons([url]), {"forbidden_address"})
        self.assertEqual(inside.asked, [])

    def test_ten_megabytes_of_headers_are_too_big(self):
        def answer(connection):
            connection.send("HTTP/1.1 200 OK\r\n")
            for _ in range(10_000):
                connection.send("X-Filler: " + "h" * 1000 + "\r\n")
        self.check(answer, "too_big")

    def test_one_503_in_ten_costs_retries_and_no_image(self):
        count, lock = [0], threading.Lock()

        def answer(connection):
            with lock:
                count[0] += 1
                busy = count[0] % 10 == 0
            if not busy:
                return good_image(connection)
            connection.answer("503 Service Unavailable")
            return True
        server = self.raw(answer)
        urls = [f"{server.url}/{i}.png" for i in range(300)]
        before = time.monotonic()
        made = self.fetch(urls, "--retries", 6, code=0)
        self.assertEqual(len(made), 300 + GOOD)
        self.assertLess(time.monotonic() - before, 30)
        self.assertGreaterEqual(len(server.asked), 330)

    def test_a_host_that_asks_for_time_gets_it(self):
        refused, lock = [], threading.Lock()

        def answer(connection):
            with lock:
                first = not refused
                if first:
                    refused.append(time.monotonic())
            if not first:
                return good_image(connection)
            connection.answer("429 Too Many Requests", b"", "Retry-After: 2")
            return True
        server = self.raw(answer)
        urls = [f"{server.url}/{i}.png" for i in range(20)]
        self.fetch(urls, "--per-host", 1, code=0)
        later = [asked.time - refused[0] for asked in server.asked[1:]]
        self.assertEqual(len(later), 20)
        self.assertGreater(min(later), 1.9, "all of the host waits, not one")

    def test_a_dead_host_costs_a_few_deadlines_not_one_for_each_item(self):
        server = self.raw(lambda c: c.wait_for_peer())
        urls = [f"{server.url}/{i}.png" for i in range(300)]
        before = time.monotonic()
        self.fetch(urls, "--first-byte-timeout", "500ms")
        self.assertLess(time.monotonic() - before, 20)
        self.assertLess(len(server.asked), 25)
        self.assertEqual(self.reasons(urls), {"timeout"})
        self.assertIn("in a row", self.failed()[urls[-1]]["message"])

    def test_a_host_that_is_back_loses_nothing_on_the_rerun(self):
        server = self.raw(good_image)
        urls = [f"{server.url}/{i}.png" for i in range(30)]
        server.stop()
        self.fetch(urls)
        self.assertEqual(self.reasons(urls), {"connect"})
        server.start()
        made = self.fetch(urls, code=0)
        self.assertEqual(len(made), 30 + GOOD)

    def test_a_short_outage_costs_no_image_and_asks_little(self):
        """A reset answers each request during the outage, so that the test can
        count them."""
        until = time.monotonic() + 2

        def answer(connection):
            if time.monotonic() >= until:
                return good_image(connection)
            connection.reset()
            return False
        server = self.raw(answer)
        urls = [f"{server.url}/{i}.png" for i in range(200)]
        made = self.fetch(urls, "--retry-delay", "500ms", "--retries", 5,
                          code=0)
        self.assertEqual(len(made), 200 + GOOD)
        # Six requests at once, then single probes now and then; not one try for
        # each of 200 images.
        early = [asked for asked in server.asked if asked.time < until]
        self.assertGreaterEqual(len(early), 6)
        self.assertLess(len(early), 20)

    def test_a_lost_network_pauses_and_goes_on_when_it_is_back(self):
        hosts = [self.raw(good_image, f"127.0.1.{i}") for i in (1, 2, 3)]
        for host in hosts:
            host.stop()
        urls = [f"{hosts[i % 3].url}/{i}.png" for i in range(3000)]
        run = self.start(
            "-j", 1, "-i", self.write_list("urls.txt", urls), "-o", "out",
            "-s", "16x", "--allow-loopback", "--retries", 0)
        time.sleep(4)
        self.assertIsNone(run.poll(), "waits for the network")
        for host in hosts:
            host.start()
        done = self.finish(run, 2, timeout=100)
        self.assertIn("network seems lost", done.err)
        failed = len(self.failed())
        self.assertLess(failed, 1100)
        self.assertEqual(len(tree(self.path("out"))), 3000 - failed)

    def test_a_run_that_waits_for_the_network_can_be_interrupted(self):
        ports = [self.raw(good_image, f"127.0.1.{i}") for i in (1, 2)]
        for host in ports:
            host.stop()
        urls = [f"{ports[i % 2].url}/{i}.png" for i in range(2000)]
        run = self.start(
            "-j", 1, "-i", self.write_list("urls.txt", urls), "-o", "out",
            "-s", "16x", "--allow-loopback", "--retries", 0)
        time.sleep(4)
        self.assertIsNone(run.poll())
        run.terminate()
        self.finish(run, 143, timeout=12)

    def test_slow_drips_on_200_connections_hold_up_nobody(self):  # long
        def drip(connection):
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n",
                            IMAGE[:100])
            while True:
                connection.send(b"d")
                time.sleep(0.2)
        drips = [self.raw(drip, f"127.0.2.{i}") for i in range(1, 41)]
        slow = [f"{host.url}/{i}.png" for host in drips for i in range(5)]

        # 6 at a time, 50 ms each: other load changes this rate little.
        def seconds(urls, out):
            times = []

            def late(connection):
                time.sleep(0.05)
                times.append(time.monotonic())
                return good_image(connection)
            with RawServer(late) as good:
                lines = urls + [f"{good.url}/{i}.png" for i in range(600)]
                self.run_coordinator(
                    "-j", 1, "-i", self.write_list("urls.txt", lines), "-o",
                    out, "-s", "16x", "--allow-loopback", "--downloads", 300,
                    "--retries", 0, "--min-speed", "10K/10s",
                    code=2 if urls else 0)
            self.assertEqual(len(times), 600)
            return times[-1] - times[0]
        alone, beside = [], []
        for i in range(3):
            alone.append(seconds([], f"alone{i}"))
            beside.append(seconds(slow, f"beside{i}"))
            self.assertEqual(self.reasons(slow, f"beside{i}"), {"too_slow"})
        kept = statistics.median(alone) / statistics.median(beside)
        print(f"rate kept beside 200 slow drips: {kept:.3f}")
        self.assertGreater(kept, 0.9)


class Secrets(ProgramCase):
    def test_secrets_of_urls_show_in_no_log_report_or_command_line(self):
        def answer(connection):
            time.sleep(0.2)  # leaves time to look at the workers
            if "bad" in connection.path:
                connection.answer("404 Not Found")
                return True
            return good_image(connection)
        with RawServer(answer) as server:
            query = ("X-Amz-Signature=hush2&X-Amz-Credential=hush3&token=hush4"
                     "&sig=hush5&Signature=hush6")
            urls = [f"http://me:hush1@127.0.0.1:{server.port}/"
                    f"{name}{i}.png?{query}"
                    for i in range(8) for name in ("good", "bad")]
            run = self.start(
                "-j", 2, "-i", self.write_list("urls.txt", urls), "-o", "out",
                "-s", "16x", "--allow-loopback", "-v", "--log-file",
                "run.log", "--progress", "plain", "--stats", "1s",
                "--per-host", 2)
            seen = set()

            def sampled():
                seen.update(self.of_children(run.pid))
                return run.poll() is not None
            wait_until(sampled, 60, "the end")
            done = self.finish(run, 2)
        self.assertTrue(any(b"worker" in text for text in seen))
        texts = {"stdout": done.out.encode(), "stderr": done.err.encode(),
                 "processes": b"\n".join(seen)}
        for name in ("run.log", "out/.thumbmill/report.json"):
            with open(self.path(name), "rb") as file:
                texts[name] = file.read()
        self.assertIn(b"http_4xx", texts["run.log"] + texts["stderr"])
        for name, text in texts.items():
            self.assertNotIn(b"hush", text, name)
        self.assertEqual(len(tree(self.path("out"))), 8)
        self.assertFalse([p for p in tree(self.path("out")) if "hush" in p])
        # The record of failures is verbatim, so only its owner may read it.
        mode = os.stat(self.path("out/.thumbmill/failed.jsonl")).st_mode
        self.assertEqual(mode & 0o077, 0)

    def of_children(self, parent):
        """Returns the command lines and environments of its children."""
        for pid in os.listdir("/proc"):
            try:
                with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                    if f"PPid:\t{parent}\n" not in file.read():
                        continue
                for name in ("cmdline", "environ"):
                    with open(f"/proc/{pid}/{name}", "rb") as file:
                        yield file.read()
            except OSError:
                pass


if __name__ == "__main__":
    unittest.main()
