"""Lists as people have them: with quotation marks, blanks, other encodings,
files that are no list, and lists that never come. No row vanishes, and each
message says which kind of thing it met."""

import gzip
import json
import os
import random
import signal
import socket
import subprocess
import time

from harness import (OriginCase, die_with_parent, png, tree, wait_until)


def minds(pid, number):
    """Returns whether the process already catches or blocks the signal."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            masks = [int(line.split()[1], 16) for line in file
                     if line.startswith(("SigBlk:", "SigCgt:"))]
    except OSError:
        return False
    return any(mask >> (number - 1) & 1 for mask in masks)


def has_open(pid, path):
    """Returns whether the process has a descriptor of its own for this file;
    "-" stands for the file of its stdin."""
    wanted = f"/proc/{pid}/fd/0" if path in ("-", "/dev/stdin") else path
    try:
        wanted = os.stat(wanted)
        for number in os.listdir(f"/proc/{pid}/fd"):
            found = os.stat(f"/proc/{pid}/fd/{number}")
            if int(number) > 2 and os.path.samestat(found, wanted):
                return True
    except OSError:
        pass
    return False


class ListCase(OriginCase):
    def setUp(self):
        super().setUp()
        self.write("www/two words.png", png(30, 20))
        self.write("www/ä{1}|\"x\"^`.png", png(30, 20))

    def url(self, number):
        return f"{self.server.url}/many/{number}.png"

    def run_list(self, name, data, *flags, code=None):
        """Runs a list; returns (the printed text, the counts). Checks that each
        record is done, skipped or failed."""
        done = self.run_coordinator(
            "-j", 1, "-i", self.write(name, data), "-o", f"out-{name}", "-s",
            "8x", "--allow-loopback", "--retries", 0, *flags, code=code)
        if not os.path.exists(self.path(f"out-{name}", ".thumbmill")):
            return done, None
        counts = self.report(f"out-{name}")["counts"]
        self.assertEqual(counts["listed"], sum(counts[key] for key in (
            "done", "skipped", "failed")), counts)
        return done, counts

    def counts(self, name, data, *flags, code=None):
        return self.run_list(name, data, *flags, code=code)[1]


class Tables(ListCase):
    def table(self, separator, captions):
        rows = [f"caption{separator}url"]
        rows += [f"{caption}{separator}{self.url(i)}"
                 for i, caption in enumerate(captions)]
        return "\n".join(rows) + "\n"

    def test_a_quotation_mark_in_tsv_is_a_character(self):
        captions = ["a house"] * 40
        captions[3] = '"the old house'
        captions[20] = 'a 5" screen, "quoted" words'
        captions[30] = '24"'
        counts = self.counts("l.tsv", self.table("\t", captions), code=0)
        self.assertEqual((counts["listed"], counts["done"]), (40, 40))

    def test_a_quotation_mark_in_csv_costs_its_own_row_at_most(self):
        for name, later in (("none", "a house"), ("closing", 'of 24"'),
                            ("quoted", '"a, b"'), ("inner", 'a 5" one')):
            captions = ["a house"] * 150
            captions[3] = '"the old house'
            captions[20] = later
            counts = self.counts(f"{name}.csv", self.table(",", captions),
                                 code=2)
            self.assertEqual(
                (counts["listed"], counts["done"], counts["failed"]),
                (150, 149, 1), name)
            record, = self.failed(f"out-{name}.csv").values()
            self.assertEqual(record["reason"], "bad_line")
            self.assertIn("line 5: a quotation mark that does not end",
                          record["message"])

    def test_each_row_is_counted_whatever_its_quotation_marks(self):
        noise = random.Random(18)
        for number, (suffix, separator) in enumerate(
                (("csv", ","), ("tsv", "\t")) * 3):
            captions = ["".join(noise.choice('""a ,') for _ in range(
                noise.randrange(8))) if noise.random() < 0.3 else "x"
                for _ in range(120)]
            counts = self.counts(f"{number}.{suffix}",
                                 self.table(separator, captions))
            self.assertEqual(counts["listed"], 120, captions)

    def test_legal_fields_of_several_lines_stay_one_record(self):
        rows = ['caption,url,note'] + [
            f'"one, ""two""\r\n\r\nthree {i}",{self.url(i)},"x\ny"'
            for i in range(30)]
        data = "\ufeff" + "\r\n".join(rows)
        counts = self.counts("l.csv", data.encode(), code=0)
        self.assertEqual((counts["listed"], counts["done"]), (30, 30))

    def test_a_field_that_takes_in_too_much_ends_at_its_first_line(self):
        for name, filler in (("lines", "words\n" * 120),
                             ("bytes", ("w" * 9999 + "\n") * 8),
                             ("end", "words\n" * 3)):
            data = (f'caption,url\na,{self.url(0)}\n"never closed\n' + filler +
                    f"b,{self.url(1)}\n")
            counts = self.counts(f"{name}.csv", data, code=2)
            self.assertEqual(counts["done"], 2, name)
            # Each line of the filler is a row without the column.
            self.assertEqual(counts["listed"], 3 + filler.count("\n"))

    def test_odd_rows_fail_one_by_one(self):
        data = (f"a,url,b\r\n,{self.url(0)},\r\n1\r\n,,\r\n1,2\x00,3\r\n"
                f"1,{self.url(1)},3,4,5\r\n\r\n1,{self.url(2)}")
        counts = self.counts("l.csv", data, code=2)
        self.assertEqual((counts["listed"], counts["done"], counts["failed"]),
                         (6, 3, 3))

    def test_a_header_alone_is_an_empty_list(self):
        for name, data in (("a.csv", "url"), ("b.tsv", "a\turl\n"),
                           ("c.csv", b"\xef\xbb\xbfurl\r\n")):
            done, counts = self.run_list(name, data, code=0)
            self.assertEqual(counts["listed"], 0)
            self.assertIn("names no image", done.err)

    def test_a_header_that_does_not_end_is_named(self):
        done, _ = self.run_list("l.csv", f'"url\n{self.url(0)}\n', code=1)
        self.assertIn("l.csv: the list's first line should name its columns",
                      done.err)

    def test_a_line_that_is_no_json_fails_alone(self):
        lines = [json.dumps({"url": self.url(0)}), '{"url": "half', "[1]",
                 '"x"', "", "   ", json.dumps({"link": 1}), "\xff\xfe",
                 json.dumps({"url": self.url(1)}) + ",",
                 json.dumps({"url": self.url(2)})]
        counts = self.counts("l.jsonl", "\r\n".join(lines).encode("latin-1"),
                             code=2)
        self.assertEqual((counts["listed"], counts["done"], counts["failed"]),
                         (8, 2, 6))


class Blanks(ListCase):
    def in_every_format(self, urls):
        yield "l.txt", "".join(f" {url} \r\n" for url in urls)
        yield "l.tsv", "url\n" + "".join(f" {url}\t\n" for url in urls)
        yield "l.csv", "url\n" + "".join(
            '" ' + url.replace('"', '""') + '"\n' for url in urls)
        yield "l.jsonl", "".join(json.dumps({"url": f" {url} "}) + "\n"
                                 for url in urls)

    def test_a_space_in_a_url_is_sent_escaped_and_recorded_verbatim(self):
        urls = [f"{self.server.url}/two words.png",
                f"{self.server.url}/good.png?title=two words&x=%20",
                f"{self.server.url}/no such.png"]
        for name, data in self.in_every_format(urls):
            self.server.forget_requests()
            counts = self.counts(name, data, code=2)
            self.assertEqual((counts["listed"], counts["done"]), (3, 2), name)
            self.assertEqual(
                sorted(uri for _, uri, _ in self.server.requests()),
                ["/good.png?title=two%20words&x=%20", "/no%20such.png",
                 "/two%20words.png"])
            self.assertEqual(list(self.failed(f"out-{name}")), [urls[2]])
            self.assertIn("127.0.0.1/two words_8.png",
                          tree(self.path(f"out-{name}")))

    def test_other_characters_are_escaped_as_browsers_do(self):
        url = f'{self.server.url}/ä{{1}}|"x"^`.png?<a>=%41%zz%'
        for name, data in self.in_every_format([url]):
            self.server.forget_requests()
            self.assertEqual(self.counts(name, data, code=0)["done"], 1)
            (_, uri, status), = self.server.requests()
            self.assertEqual(status, 200)
            self.assertEqual(
                uri, "/%C3%A4%7B1%7D%7C%22x%22%5E%60.png?%3Ca%3E=%41%zz%")

    def test_a_space_and_its_escape_are_one_source(self):
        counts = self.counts("l.txt", f"{self.server.url}/two words.png\n"
                                      f"{self.server.url}/two%20words.png\n",
                             code=0)
        self.assertEqual((counts["done"], counts["skipped"]), (1, 1))

    def test_a_space_in_a_host_leads_nowhere(self):
        counts = self.counts("l.txt", "http://127.0.0.1 .example.com/a.png\n"
                                      "http://a b@127.0.0.1/a.png\n"
                                      "http://127.0.0.1: 80/a.png\n", code=2)
        self.assertEqual(counts["failed_by_reason"], {"bad_line": 3})

    def test_a_secret_is_hidden_however_the_row_fails(self):
        secret = "http://me:Hunter2@example.com/a.png?token=Hunter2"
        lists = {"a.csv": f'url,c\n"x,{secret}\n', "b.tsv": f"c\turl\n{secret}\n",
                 "c.jsonl": f'{{"link": "{secret}"}}\n{secret}\n',
                 "d.txt": f"ftp{secret[4:]}\nx {secret}\nhttp://a b@{secret}\n",
                 "e.csv": f"{secret},b\n"}
        for number, flags in enumerate((
                ("-v",), ("-v", "--log-format", "json"), ("--dry-run",))):
            for name, data in lists.items():
                done, _ = self.run_list(f"{number}{name}", data, *flags)
                self.assertNotIn("Hunter2", done.out + done.err, name)


class Packed(ListCase):
    def packed(self, first, count):
        return gzip.compress("".join(f"{self.url(i)}\n" for i in range(
            first, first + count)).encode())

    def test_zero_bytes_behind_gzip_are_passed_over(self):
        data = self.packed(0, 2) + bytes(700) + self.packed(2, 2) + bytes(1)
        self.assertEqual(self.counts("l.txt.gz", data, code=0)["done"], 4)

    def test_what_was_read_before_damage_is_made(self):
        text = "".join(f"{self.url(i)}#{random.Random(i).random()}\n"
                       for i in range(200)).encode()
        whole = gzip.compress(text)
        damaged = bytearray(whole)
        damaged[-6] ^= 0x55
        lists = {
            "garbage.txt.gz": (self.packed(0, 3) + b"not gzip", 3,
                               "not gzip follow"),
            "zeros.txt.gz": (self.packed(0, 3) + b"\0\0x", 3,
                             "not gzip follow"),
            "member.txt.gz": (self.packed(0, 3) + b"\x1f\x8b" + b"\xff" * 30,
                              3, "not gzip follow"),
            "short.txt.gz": (whole[:len(whole) // 2], None, "ends early"),
            "cut.txt.gz": (whole[:-3], 200, "ends early"),
            "sum.txt.gz": (bytes(damaged), 200, "damaged"),
        }
        for name, (data, made, words) in lists.items():
            done, counts = self.run_list(name, data, code=2)
            self.assertIn(f"{name}: ", done.err)
            self.assertIn(words, done.err)
            self.assertIn(words, self.report(f"out-{name}")["error"])
            self.assertEqual(counts["failed"], 0)
            if made:
                self.assertEqual(counts["done"], made, name)
            else:
                self.assertGreater(counts["done"], 10)

    def test_other_lists_are_read_though_one_is_damaged(self):
        good = self.write("good.txt", f"{self.url(7)}\n")
        done, counts = self.run_list(
            "bad.txt.gz", self.packed(0, 2) + b"x", "-i", good, code=2)
        self.assertEqual(counts["done"], 3, done.err)

    def test_an_empty_gz_and_a_gz_that_is_none(self):
        for name, data in (("a.txt.gz", b""), ("b.txt.gz", gzip.compress(b""))):
            self.assertEqual(self.counts(name, data, code=0)["listed"], 0)
        self.assertEqual(self.counts("c.txt.gz", f"{self.url(0)}\n",
                                     code=0)["done"], 1)
        done, _ = self.run_list("d.txt.gz", b"BZh91AY&SY" + bytes(range(256)),
                                code=1)
        self.assertIn("bzip2", done.err)

    def test_gzip_through_a_pipe(self):
        self.run_coordinator("-i", "-", "-o", "out", "-s", "8x",
                             "--allow-loopback", stdin=self.packed(0, 3))
        self.assertEqual(self.report()["counts"]["done"], 3)


class OtherThings(ListCase):
    def test_utf_16_with_a_mark_is_read(self):
        for codec, mark in (("utf-16-le", b"\xff\xfe"),
                            ("utf-16-be", b"\xfe\xff")):
            for suffix, start in (("txt", ""), ("csv", "url,c\r\n"),
                                  ("list", "")):
                rows = "".join(f"{self.url(i)}{',ä€😀' if start else ''}\r\n"
                               for i in range(3))
                name = f"{codec}.{suffix}"
                counts = self.counts(name, mark + (start + rows).encode(codec),
                                     code=0)
                self.assertEqual(counts["done"], 3, name)

    def test_lines_that_end_with_cr_are_read_and_told(self):
        for name, start in (("l.txt", ""), ("l.csv", "c,url\r")):
            data = start + "".join(f"{'x,' if start else ''}{self.url(i)}\r"
                                   for i in range(3))
            done, counts = self.run_list(name, data, code=0)
            self.assertEqual(counts["done"], 3)
            self.assertIn("lines end with CR alone", done.err)

    def test_what_is_no_list_is_told_by_its_name(self):
        urls = "".join(f"{self.url(i)}\n" for i in range(5))
        things = {
            "le.txt": (urls.encode("utf-16-le"), "UTF-16LE"),
            "be.csv": (urls.encode("utf-16-be"), "UTF-16BE"),
            "unnamed": (urls.encode("utf-16-le"), "UTF-16LE"),
            "page.txt": ("\r\n <!DOCTYPE html><html>404</html>", "HTML"),
            "page.csv": ("<HTML><body>", "HTML"),
            "page": ("<html>", "HTML"),
            "feed.txt": ("<?xml version='1.0'?><rss/>", "XML"),
            "photo.txt": (png(3, 3), "PNG"),
            "photo.csv": (b"\xff\xd8\xff\xe0" + bytes(99), "JPEG"),
            "book.csv": (b"PK\x03\x04" + bytes(range(256)), "workbook"),
            "book.xlsx": (b"PK\x03\x04" + bytes(range(256)), "workbook"),
            "part.tsv": (b"PAR1" + bytes(range(256)), "Parquet"),
            "noise.txt": (random.Random(1).randbytes(4000), "binary"),
            "array.jsonl": ('[\n {"url": "x"}]', "JSON array"),
            "pretty.jsonl": ('{\n "url": "x"\n}', "several lines"),
            "lines.txt": ('{"url": "http://h/a.jpg"}\n', "jsonl"),
        }
        for name, (data, word) in things.items():
            done, counts = self.run_list(name, data, code=1)
            self.assertIsNone(counts, name)
            self.assertIn(f"{name} is not a list: it looks like", done.err)
            self.assertIn(word, done.err)

    def test_a_page_through_a_pipe_is_told_too(self):
        for flags in ((), ("--input-format", "csv")):
            done = self.run_coordinator(
                "-i", "-", "-o", "out", "-s", "8x", *flags,
                stdin=b"<html><body>sorry</body></html>\n", code=1)
            self.assertIn("the list on stdin is not a list: it looks like a web "
                          "page", done.err)

    def test_an_entry_that_is_no_source_is_told_what_it_is(self):
        entries = {
            "data:image/png;base64,iVBORw0KGgo=": "data: URL",
            "DATA:,x": "data: URL",
            "//example.com/a.jpg": "without a scheme",
            "www.example.com/a.jpg": "without a scheme",
            "ftp://example.com/a.jpg": "'ftp:' URLs cannot be read",
            "s3://bucket/a.jpg": "'s3:' URLs cannot be read",
            "gs://bucket/a.jpg": "'gs:' URLs cannot be read",
            "javascript:alert(1)": "'javascript:' URLs cannot be read",
            "blob:http://h/1": "'blob:' URLs cannot be read",
            "mailto:a@b.c": "'mailto:' URLs cannot be read",
            "http:/example.com/a.jpg": "not a valid http(s) URL",
            "https://": "not a valid http(s) URL",
            "http://example.com:99999/a.jpg": "not a valid http(s) URL",
            "http://h/a.jpg\tcaption": "a tab in a URL",
            "C:\\photos\\a.jpg": "a Windows path",
            "\\\\server\\a.jpg": "a Windows path",
            "~/a.jpg": "only a shell replaces",
        }
        done, counts = self.run_list(
            "l.jsonl", "".join(json.dumps({"url": entry}) + "\n"
                               for entry in entries), "-v", code=2)
        self.assertEqual(counts["failed_by_reason"],
                         {"bad_line": len(entries)})
        for url, record in self.failed("out-l.jsonl").items():
            self.assertIn(entries[url], record["message"])
        for entry in ("data:image/png,x", "//example.com/a.jpg"):
            done = self.run_coordinator("-i", entry, "-o", "x", "-s", "8x",
                                        code=1)
            self.assertIn(entries.get(entry, "data: URL"), done.err)

    def test_relative_paths_are_of_the_current_folder(self):
        self.write("here/a.png", png(9, 9))
        self.write("lists/a.png", png(8, 8))
        self.write("lists/l.txt", "a.png\n")
        self.finish(self.start("-i", "../lists/l.txt", "-o", "../out", "-s",
                               "5x!", cwd=self.path("here")), 0)
        self.assertEqual(self.report()["counts"]["done"], 1)
        self.assertEqual(self.image("out/a_5.png")[1:], (5, 5))


class NeverComes(ListCase):
    def ends_at_once(self, number, *arguments, stdin=subprocess.DEVNULL,
                     list_opens=True):
        run = self.start(*arguments, "-o", "out", "-s", "8x", "-j", 1,
                         stdin=stdin)
        path = arguments[1] if arguments[1].startswith(("-", "/")) else (
            self.path(arguments[1]))
        wait_until(lambda: minds(run.pid, number) and (
            not list_opens or has_open(run.pid, path)), 20, "it waits")
        time.sleep(0.1)
        self.assertIsNone(run.poll())
        sent = time.monotonic()
        run.send_signal(number)
        self.finish(run, 128 + number, timeout=20)
        # Takes 2 s if others leave some of the machine free.
        self.assertLess(time.monotonic() - sent, 4)

    def test_a_pipe_that_nobody_writes_to_ends_by_a_signal(self):
        for suffix in ("", ".csv", ".tsv", ".jsonl", ".txt.gz"):
            os.mkfifo(self.path(f"pipe{suffix}"))
            for number in (signal.SIGINT, signal.SIGTERM):
                self.ends_at_once(number, "-i", f"pipe{suffix}")

    def test_a_pipe_that_has_a_writer_ends_by_a_signal(self):
        os.mkfifo(self.path("failed.jsonl"))
        held = os.open(self.path("failed.jsonl"), os.O_RDWR)
        self.addCleanup(os.close, held)
        self.ends_at_once(signal.SIGINT, "-i", "failed.jsonl")
        os.write(held, b'{"url": "half')
        self.ends_at_once(signal.SIGTERM, "-i", "failed.jsonl")

    def test_stdin_that_never_comes_ends_by_a_signal(self):
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        for flags in ((), ("--input-format", "csv"), ("--dry-run",)):
            reading, writing = os.pipe()
            self.addCleanup(os.close, reading)
            self.addCleanup(os.close, writing)
            for name, stdin in (("-", reading), ("/dev/stdin", reading),
                                ("-", theirs)):
                self.ends_at_once(signal.SIGTERM, "-i", name, *flags,
                                  stdin=stdin)

    def test_a_terminal_ends_by_a_signal(self):  # needs: pty
        ours, theirs = os.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        for name in ("-", os.ttyname(theirs)):
            for flags in ((), ("--input-format", "csv")):
                self.ends_at_once(signal.SIGINT, "-i", name, *flags,
                                  stdin=theirs)

    def test_an_endless_list_ends_by_a_signal(self):
        with subprocess.Popen(["yes", "http://127.0.0.1/a.jpg"],
                              stdout=subprocess.PIPE,
                              preexec_fn=die_with_parent) as endless:
            self.addCleanup(endless.kill)
            self.ends_at_once(signal.SIGINT, "-i", "-", stdin=endless.stdout)
            endless.kill()
        done = self.run_coordinator("-i", "/dev/zero", "-o", "o", "-s", "8x",
                                    code=1, timeout=20)
        self.assertIn("binary", done.err)

    def test_other_pipes_that_the_command_line_names_end_by_a_signal(self):
        os.mkfifo(self.path("pipe"))
        for number in (signal.SIGINT, signal.SIGTERM):
            self.ends_at_once(number, "-i", "x", "--header-file", "pipe",
                              list_opens=False)
        self.run_coordinator("-i", "x", "-o", "out", "-s", "8x", "--log-file",
                             "pipe", code=1, timeout=20)

    def test_a_signal_that_is_ignored_stays_ignored(self):
        """nohup ignores the signal like this."""
        os.mkfifo(self.path("pipe.csv"))

        def ignore():
            die_with_parent()
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        run = self.start("-i", "pipe.csv", "-o", "out", "-s", "8x",
                         preexec_fn=ignore)
        wait_until(lambda: has_open(run.pid, self.path("pipe.csv")), 20, "it")
        run.send_signal(signal.SIGHUP)
        with open(self.path("pipe.csv"), "w") as pipe:
            pipe.write("url\n")
            run.send_signal(signal.SIGHUP)
        self.finish(run, 0)

    def test_a_pipe_with_a_writer_is_a_list(self):
        os.mkfifo(self.path("pipe.csv"))
        run = self.start("-i", "pipe.csv", "-o", "out", "-s", "8x",
                         "--allow-loopback")
        with open(self.path("pipe.csv"), "w") as pipe:
            pipe.write("url\n")
            pipe.flush()
            pipe.write(f"{self.url(1)}\n{self.url(2)}\n")
        self.finish(run, 0)
        self.assertEqual(self.report()["counts"]["done"], 2)

    def test_pipes_and_sockets_among_files_hold_up_nobody(self):
        self.write("in/a.png", png(9, 9))
        os.mkfifo(self.path("in/b.png"))
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(self.path("in/c.png"))
        self.run_coordinator("-i", "in", "-o", "out", "-s", "5x!", timeout=20)
        self.assertEqual(list(tree(self.path("out"))), ["a_5.png"])
        done, counts = self.run_list(
            "l.txt", "in/a.png\nin/b.png\nin/c.png\nin\n", code=2)
        self.assertEqual(counts["failed_by_reason"], {"read": 3})
        done = self.run_coordinator("-i", "in/c.png", "-o", "o", "-s", "8x",
                                    code=1, timeout=20)
        self.assertIn("cannot read in/c.png: ", done.err)
