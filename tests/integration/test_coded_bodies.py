"""Servers that compress although we ask them not to. The coordinator decodes
one layer of gzip or deflate, ignores a word that names no compression, and
bounds anything that grows before it decodes it. memory_watch.py watches its
memory from outside."""

import gzip
import time
import unittest
import zlib

from harness import ProgramCase, png, tree
from raw_server import RawServer

MIB = 1 << 20
IMAGE = png(60, 40)
ZEROS = bytes(MIB)


def deflate(bits, *parts):
    coder = zlib.compressobj(9, zlib.DEFLATED, bits)
    return b"".join(map(coder.compress, parts)) + coder.flush()


GZIP, ZLIB, RAW = 31, 15, -15
# 90 KB that begin like an image and unpack to 90 MB.
BOMB = deflate(GZIP, IMAGE, *[ZEROS] * 90)
BOMB_ZLIB = deflate(ZLIB, IMAGE, *[ZEROS] * 90)
BOMB_RAW = deflate(RAW, IMAGE, *[ZEROS] * 90)
# These claim windows of 128 MB and 16 MB, which a decoder would allocate.
BIG_ZSTD = b"\x28\xb5\x2f\xfd\x00\x88" + bytes(60_000)
BIG_BROTLI = b"\x0f" + bytes(60_000)


def head(status="200 OK", *lines):
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def sized(body, *lines, status="200 OK"):
    return head(status, f"Content-Length: {len(body)}", *lines) + body


def coded(body, *codings, status="200 OK"):
    return sized(body, *[f"Content-Encoding: {each}" for each in codings],
                 status=status)


def chunked(body, *lines, status="200 OK", part=60_000):
    parts = [body[i:i + part] for i in range(0, len(body), part)]
    return head(status, *lines) + b"".join(
        b"%x\r\n" % len(each) + each + b"\r\n" for each in parts
    ) + b"0\r\n\r\n"


GOOD = {
    "utf-8": coded(IMAGE, "utf-8"),
    "binary": coded(IMAGE, "binary"),
    "aws-chunked": coded(IMAGE, "aws-chunked"),
    "identity": coded(IMAGE, "identity"),
    "none": coded(IMAGE, "none"),
    "empty": coded(IMAGE, ""),
    "commas": coded(IMAGE, ", ,", "identity;q=1, UTF-8"),
    "gzip": coded(gzip.compress(IMAGE), "gzip"),
    "x-gzip": coded(gzip.compress(IMAGE), "X-GZip"),
    "gzip-then-utf8": coded(gzip.compress(IMAGE), "gzip", "utf-8"),
    "utf8-gzip": coded(gzip.compress(IMAGE), "utf-8, gzip"),
    "identity-gzip": coded(gzip.compress(IMAGE), "identity", "gzip"),
    "gzip-aws": coded(gzip.compress(IMAGE), "gzip,aws-chunked"),
    "deflate-zlib": coded(deflate(ZLIB, IMAGE), "deflate"),
    "deflate-raw": coded(deflate(RAW, IMAGE), "Deflate"),
    "two-members": coded(gzip.compress(IMAGE[:90]) + gzip.compress(IMAGE[90:]),
                         "gzip"),
    "padded": coded(gzip.compress(IMAGE) + bytes(100), "gzip"),
    "chunked": chunked(gzip.compress(IMAGE), "Transfer-Encoding: Chunked",
                       "Content-Encoding: gzip", part=7),
    "interim": head("103 Early Hints", "Content-Encoding: br") + sized(IMAGE),
}

# (answer, the only reasons that it may fail with)
HOSTILE = {
    "gzip": (coded(BOMB, "gzip"), {"too_big", "too_costly"}),
    "gzip-identity": (coded(BOMB, "gzip", "identity"),
                      {"too_big", "too_costly"}),
    "list": (coded(BOMB, "gzip, identity"), {"too_big", "too_costly"}),
    "x-gzip": (coded(BOMB, "X-GZIP"), {"too_big", "too_costly"}),
    "deflate": (coded(BOMB_ZLIB, "deflate"), {"too_big", "too_costly"}),
    "raw-deflate": (coded(BOMB_RAW, "deflate"), {"too_big", "too_costly"}),
    "twice": (coded(gzip.compress(BOMB), "gzip", "gzip"), {"unsupported"}),
    "twice-list": (coded(gzip.compress(BOMB), "gzip, gzip"), {"unsupported"}),
    "gzip-deflate": (coded(BOMB, "gzip, deflate"), {"unsupported"}),
    "br": (coded(BIG_BROTLI, "br"), {"unsupported"}),
    "zstd": (coded(BIG_ZSTD, "ZSTD"), {"unsupported"}),
    "zstd-identity": (coded(BIG_ZSTD, "zstd", "identity"), {"unsupported"}),
    "te": (chunked(BOMB, "Transfer-Encoding: gzip, chunked"), {"unsupported"}),
    "te-apart": (chunked(BOMB, "Transfer-Encoding: gzip",
                         "Transfer-Encoding: chunked"), {"unsupported"}),
    "te-last": (chunked(BOMB, "transfer-encoding: CHUNKED , GZIP"),
                {"unsupported"}),
    "te-only": (head("200 OK", "Transfer-Encoding: x-gzip") + BOMB,
                {"unsupported"}),
    "te-and-ce": (chunked(BOMB, "Transfer-Encoding: deflate, chunked",
                          "Content-Encoding: gzip"), {"unsupported"}),
    "te-interim": (head("102 Processing", "Transfer-Encoding: gzip") +
                   sized(IMAGE), {"unsupported"}),
    "404": (coded(BOMB, "gzip", status="404 Not Found"), {"http_4xx"}),
    "404-te": (chunked(BOMB, "Transfer-Encoding: gzip, chunked",
                       status="404 Not Found"), {"http_4xx"}),
    "302": (coded(BOMB, "gzip", status="302 Found"), {"redirect"}),
    "cut": (coded(gzip.compress(IMAGE)[:-30], "gzip"), {"truncated_body"}),
    "damaged": (coded(b"\x1f\x8b\x08" + b"\xff" * 90, "gzip"),
                {"truncated_body"}),
    "plain-said-gzip": (coded(IMAGE, "gzip"), {"truncated_body"}),
}


class CodedBodies(ProgramCase):
    def serve(self, answers):
        def answer(connection):
            kind = connection.path.split("/")[1]
            if connection.method == "PUT":
                connection.read_body()
            connection.send(answers.get(kind) or sized(b"", status="404 No"))
            return kind != "te-only"
        server = RawServer(answer)
        server.start()
        self.addCleanup(server.stop)
        return server

    def fetch(self, urls, *flags, code, timeout=100):
        return self.run_coordinator(
            "-q", "-j", 1, "-i", self.write_list("urls.txt", urls), "-o",
            "out", "-s", "16x", "--allow-loopback", "--retries", 0,
            "--per-host", 64, *flags, code=code, timeout=timeout)

    def test_what_is_no_bomb_is_made(self):
        server = self.serve(GOOD)
        self.fetch([f"{server.url}/{kind}/i.png" for kind in GOOD], code=0)
        self.assertEqual(len(set(tree(self.path("out")).values())), 1)
        self.assertEqual(len(tree(self.path("out"))), len(GOOD))

    def test_each_hostile_coding_fails_alone(self):
        answers = {kind: answer for kind, (answer, _) in HOSTILE.items()}
        answers["good"] = sized(IMAGE)
        server = self.serve(answers)
        urls = []
        for kind in HOSTILE:
            urls += [f"{server.url}/{kind}/i.png",
                     f"{server.url}/good/{kind}.png"]
        self.fetch(urls, "--memory", "256M", code=2)
        self.assertEqual(len(tree(self.path("out"))), len(HOSTILE))
        failed = {url.split("/")[3]: record["reason"]
                  for url, record in self.failed().items()}
        self.assertEqual(set(failed), set(HOSTILE))
        for kind, (_, reasons) in HOSTILE.items():
            self.assertIn(failed[kind], reasons, kind)

    def test_64_bombs_at_once_stay_within_the_budget(self):
        server = self.serve({"bomb": coded(BOMB, "gzip", "identity"),
                             "good": sized(IMAGE)})
        urls = [f"{server.url}/bomb/{i}.png" for i in range(64)]
        good = [f"{server.url}/good/{i}.png" for i in range(64)]
        started = time.monotonic()
        self.fetch(urls + good, "--memory", "256M", "--max-bytes", "20M",
                   code=2)
        self.assertLess(time.monotonic() - started, 90)
        self.assertEqual(len(tree(self.path("out"))), len(good))
        self.assertEqual({each["reason"] for each in self.failed().values()},
                         {"too_big"})
        # The report must tell the peak that was seen from outside, without
        # inputs.
        seen = max(self.memory.peaks.values(), default=0)
        told = self.report()["memory"]["peak_coordinator_private_bytes"]
        if seen > 0:  # a sanitizer's memory is not watched
            self.assertLess(told, seen + 16 * MIB)
            self.assertGreater(told, seen - 2 * MIB)

    def test_answers_to_uploads_are_not_decoded(self):
        server = self.serve({
            "te": chunked(BOMB, "Transfer-Encoding: gzip, chunked",
                          status="201 Created"),
            "ce": coded(BOMB, "gzip", "identity", status="201 Created")})
        self.write("in/a.png", IMAGE)
        for kind, code in (("ce", 0), ("te", 2)):
            with self.subTest(kind=kind):
                self.run_coordinator(
                    "-q", "-j", 1, "-i", "in", "-o", f"{server.url}/{kind}/",
                    "--state", kind, "-s", "8x", "--memory", "256M",
                    code=code)


if __name__ == "__main__":
    unittest.main()
