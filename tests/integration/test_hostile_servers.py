"""Servers that answer in odd ways, over both versions of HTTP, and compressed
files whose headers cost much. Every good image beside them is made, and the
coordinator stays within its memory (see memory_watch.py)."""

import gzip
import os
import random
import subprocess
import time
import unittest

from harness import (LUA, NginxServer, ProgramCase, png, tree)
from hostile_headers import HOSTILE_HEADERS
from raw_server import RawServer

MIB = 1 << 20
IMAGE = png(60, 40)
HEAD = f"HTTP/1.1 200 OK\r\nContent-Length: {len(IMAGE)}\r\n"
CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def byte_by_byte(c):
    for byte in (HEAD + "\r\n").encode():
        c.send(bytes([byte]))
    c.send(IMAGE)
    return True


def trailers(c, count):
    c.send(CHUNKED, f"{len(IMAGE):x}\r\n", IMAGE, "\r\n0\r\n",
           "Content-Encoding: gzip\r\nTransfer-Encoding: gzip\r\n"
           "Set-Cookie: a=b\r\n", *["X: y\r\n"] * count, "\r\n")
    return True


def interim_heads(c, count):
    c.send(*["HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"] * count)
    return c.answer(body=IMAGE) or True


def closed_in_the_middle(c):
    c.send(HEAD, "Connection: close\r\n\r\n", IMAGE[:200])
    return False


def closed_after_all(c):
    c.send(HEAD, "Connection: close\r\n\r\n", IMAGE)
    return False


def no_length(c):
    c.send("HTTP/1.1 200 OK\r\n\r\n", IMAGE)
    return False


def many_cookies(c):
    c.answer("200 OK", IMAGE, *[f"Set-Cookie: c{i}={'x' * 3000}; Path=/"
                                for i in range(60)])
    return True


def chunks_of_one(c):
    c.send(CHUNKED, b"".join(b"1\r\n%c\r\n" % byte for byte in IMAGE),
           "0\r\n\r\n")
    return True


def other_version(c):
    c.send(HEAD.replace("HTTP/1.1", "HTTP/1.0"), "\r\n", IMAGE)
    return False


def long_location(c, size):
    """Redirects to a place that does not exist, whose name appears in a
    message."""
    if "x" * 50 in c.path:
        return c.answer("404 Not Found") or True
    return c.answer("302 Found", b"", "Location: /long/" + "x" * size) or True


def switched(c):
    c.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n"
           "Connection: Upgrade\r\n\r\n", os.urandom(500))
    return False


# (the server's answer, the reason; no reason if the image is made)
ODD = {
    "byte-by-byte": (byte_by_byte, None),
    "trailers": (lambda c: trailers(c, 3), None),
    "trailers-without-end": (lambda c: trailers(c, 60_000), "too_big"),
    "interim": (lambda c: interim_heads(c, 20), None),
    "interim-flood": (lambda c: interim_heads(c, 20_000), "too_big"),
    "closed-after": (closed_after_all, None),
    "closed-in-body": (closed_in_the_middle, "truncated_body"),
    "no-length": (no_length, None),
    "cookies": (many_cookies, None),
    "chunks-of-one": (chunks_of_one, None),
    "http-1.0": (other_version, None),
    "switched": (switched, "http_5xx"),
    "long": (lambda c: long_location(c, 8_000), "http_4xx"),
    "longest": (lambda c: long_location(c, 200_000), "redirect"),
    "expect": (lambda c: c.answer("417 Expectation Failed") or True,
               "http_4xx"),
}


class HostileServers(ProgramCase):
    def fetch(self, urls, *flags, code, env=None, timeout=100):
        process = self.start(
            "-q", "-j", 1, "-i", self.write_list("urls.txt", urls), "-o",
            "out", "-s", "16x", "--allow-loopback", "--retries", 1,
            "--retry-delay", "10ms", "--per-host", 600, "--memory", "256M",
            *flags, env={**os.environ, **(env or {})})
        return self.finish(process, code, timeout)

    def serve(self, answer):
        server = RawServer(answer)
        server.start()
        self.addCleanup(server.stop)
        return server

    def test_odd_answers_fail_or_pass_alone(self):
        server = self.serve(lambda c: ODD[c.path.split("/")[1]][0](c))
        urls = [f"{server.url}/{kind}/{i}.png"
                for i in range(3) for kind in ODD]
        self.fetch(urls, code=2)
        failed = {}
        for url, record in self.failed().items():
            failed.setdefault(url.split("/")[3], set()).add(record["reason"])
            self.assertLess(len(record["message"]), 1000)
        self.assertEqual(failed, {kind: {reason} for kind, (_, reason)
                                  in ODD.items() if reason})
        made = sum(3 for _, reason in ODD.values() if not reason)
        self.assertEqual(len(tree(self.path("out"))), made)

    def test_many_small_header_lines_cost_little(self):
        """libcurl keeps 80 bytes and more for each line of 4 bytes."""
        def answer(connection):
            connection.send("HTTP/1.1 200 OK\r\n", b"a:\r\n" * 63_000)
            time.sleep(3)  # so that all of them stand still at the same time
            connection.send("\r\n")
            return False
        server = self.serve(answer)
        urls = [f"{server.url}/{i}.png" for i in range(64)]
        self.fetch(urls, "--first-byte-timeout", "10s", code=2)
        self.assertEqual({each["reason"] for each in self.failed().values()},
                         {"too_big"})
        self.assertEqual(len(self.failed()), len(urls))

    def test_more_downloads_than_memory_wait(self):
        """Each of 600 answers has a head of 240 KB and then stands still."""
        def answer(connection):
            connection.send("HTTP/1.1 200 OK\r\n",
                            (b"a: " + b"x" * 6000 + b"\r\n") * 40)
            time.sleep(2)
            connection.send(f"Content-Length: {len(IMAGE)}\r\n\r\n", IMAGE)
            return False
        server = self.serve(answer)
        self.fetch([f"{server.url}/{i}.png" for i in range(600)],
                   "--downloads", 600,
                   "--first-byte-timeout", "20s", code=0)
        self.assertEqual(len(tree(self.path("out"))), 600)

    def test_headers_that_cost_much_come_compressed(self):
        size = 16 * MIB
        answers = {name: gzip.compress(make(size), 1)
                   for name, make in HOSTILE_HEADERS.items()}

        def answer(connection):
            body = answers.get(connection.path.split("/")[1])
            if body is None:
                connection.answer(body=IMAGE)
            else:
                connection.answer("200 OK", body, "Content-Encoding: gzip")
            return True
        server = self.serve(answer)
        urls = [f"{server.url}/{name}/{i}" for i in range(2)
                for name in ("good", *answers)]
        self.fetch([url + ".png" for url in urls], code=None)
        made = tree(self.path("out"))
        self.assertEqual(sum("/good/" in name for name in made), 2)

    def serve_tls(self, server):
        """Starts an nginx that speaks HTTP/2; returns it and the file of its
        authority."""
        names = [self.path("key.pem"), self.path("cert.pem")]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", names[0], "-out", names[1]],
            check=True, capture_output=True)
        port = self.free_port()
        os.makedirs(self.path("www"), exist_ok=True)
        nginx = NginxServer(self.path("www"), modules=LUA, server=(
            f"listen 127.0.0.1:{port} ssl http2; ssl_certificate {names[1]};"
            f"ssl_certificate_key {names[0]}; {server}"))
        nginx.__enter__()
        self.addCleanup(nginx.__exit__)
        return f"https://127.0.0.1:{port}", {"SSL_CERT_FILE": names[1]}

    @staticmethod
    def free_port():
        import socket  # pylint: disable=import-outside-toplevel
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def test_http2_bodies_that_wait_for_memory_are_bounded(self):
        for name, data in (("big", random.Random(1).randbytes(12 * MIB)),
                           ("zeros", bytes(60 * MIB))):
            self.write(f"www/{name}.png", IMAGE[:-12] + data)
        url, env = self.serve_tls("""
            location ~ /big/ { rewrite .* /big.png break; }
            location ~ /zeros/ { rewrite .* /zeros.png break;
              gzip on; gzip_types *; gzip_proxied any; }
            location ~ /reset/ { return 444; }
            location ~ /cut/ { content_by_lua_block {
              ngx.header.content_length = 90000
              ngx.print(string.rep("x", 500)) ngx.flush(true)
              ngx.exit(ngx.ERROR) } }""")
        kinds = {"big": 20, "zeros": 6, "reset": 3, "cut": 3}
        started = time.monotonic()
        self.fetch([f"{url}/{kind}/{i}.png" for kind, count in kinds.items()
                    for i in range(count)], code=2, env=env)
        self.assertLess(time.monotonic() - started, 80)
        self.assertEqual(len(self.failed()) + len(tree(self.path("out"))),
                         sum(kinds.values()))


if __name__ == "__main__":
    unittest.main()
