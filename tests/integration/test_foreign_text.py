"""Text of others, such as names of files, URLs, servers and workers, reaches a
terminal, a log and a dry run as printable text, one line each. JSON stays
JSON."""

import http.server
import json
import os
import re
import shutil
import subprocess
import threading
import unicodedata

from harness import COORDINATOR, ProgramCase, WORKER, png, read_jsonl

# Text that a terminal would obey: a title, a colour, CSI in one character, a
# jump to the start of the line, a new line, a change of direction, invalid
# UTF-8.
EVIL = ("\x1b]0;OWNED\x07\x1b[31m\x9b31m\r12:00:00 coordinator[1] error: forged"
        "\n12:00:00 coordinator[1] error: forged\u202egpj\u2028\u200b"
        "\x7f").encode() + b"\xff\xc3"
OBEYED = ("Cc", "Cf", "Zl", "Zp", "Cs")


class ForeignText(ProgramCase):
    def check_printable(self, data):
        """Checks that each line is ours and holds nothing that a terminal
        obeys."""
        text = data.decode()  # fails if it is no UTF-8
        for line in text.split("\n"):
            for character in line.replace("\t", ""):
                self.assertNotIn(unicodedata.category(character), OBEYED,
                                 repr(line))
            self.assertFalse(line.startswith("12:00:00"), line)
        return text

    def run_raw(self, *arguments, code=2):
        run = self.start(*arguments)
        out, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, code, (out, err))
        return out, err

    def evil_folder(self):
        os.makedirs(self.path("in"))
        folder = os.fsencode(self.path("in"))
        for name in (EVIL + b".jpg", b"d" + EVIL.replace(b"/", b"")):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(b"\xff\xd8\xff broken")
        return "in"

    def test_names_of_files_in_each_kind_of_log(self):
        self.evil_folder()
        for number, flags in enumerate((
                ("-v", "-P", "none"), ("-vv", "-P", "plain"), ("-q",),
                ("-v", "--log-file", "log"))):
            out, err = self.run_raw("-i", "in", "-o", f"out{number}", "-s",
                                    "8x", "--fail-on", "warning", *flags)
            self.check_printable(out + err)
        with open(self.path("log"), "rb") as log:
            text = self.check_printable(log.read())
        self.assertIn("\\x1b]0;OWNED\\x07", text)
        self.assertIn("\\u202egpj", text)
        self.assertIn("\\xff\\xc3", text)
        for line in text.splitlines():
            self.assertRegex(line, r"^[0-9:]{8} coordinator\[[0-9]+\] ")

    def test_a_log_of_json_is_json(self):
        self.evil_folder()
        self.run_raw("-i", "in", "-o", "out", "-s", "8x", "-vv",
                     "--log-format", "json", "--log-file", "log")
        with open(self.path("log"), "rb") as log:
            text = self.check_printable(log.read())
        found = [json.loads(line)["text"] for line in text.splitlines()]
        self.assertTrue(any("\x1b]0;OWNED" in line and "\\xff" in line
                            for line in found), found)

    def test_records_and_reports_are_json_whatever_the_bytes(self):
        self.evil_folder()
        listed = os.fsencode(self.path("in")) + b"/" + EVIL.split(b"\n")[0]
        with open(self.path("l.txt"), "wb") as file:
            file.write(b"\xff\x1b\xe2\x80\xae\n" + listed + b"\n{}\x07\n")
        self.run_raw("-i", "in", "-i", "l.txt", "-o", "out", "-s", "8x")
        records = read_jsonl(self.path("out/.thumbmill/failed.jsonl"))
        self.assertGreater(len(records), 2)
        with open(self.path("out/.thumbmill/failed.jsonl"), "rb") as file:
            for line in file.read().splitlines():
                self.assertNotRegex(line, rb"[\x00-\x1f\x7f]")
        self.report()
        # Finds the same items again by the text of their records.
        out, _ = self.run_raw("-i", "out/.thumbmill/failed.jsonl", "-o", "out",
                              "-s", "8x", "-q")
        again = read_jsonl(self.path("out/.thumbmill/failed.jsonl"))
        self.assertEqual({record["url"] for record in again},
                         {record["url"] for record in records})

    def test_a_dry_run_prints_a_line_an_item_that_can_be_undone(self):
        self.evil_folder()
        self.write("in/back\\n.jpg", b"x")
        out, _ = self.run_raw("-i", "in", "-o", "out", "-s", "8x", "--dry-run",
                              code=0)
        lines = self.check_printable(out).splitlines()
        self.assertEqual(len(lines), 3)
        sources = set()
        for line in lines:
            _, source, _ = line.split("\t")
            sources.add(re.sub(
                rb"\\(?:x(..)|u(....)|U(........)|(.))", lambda match:
                bytes([int(match[1], 16)]) if match[1] else
                chr(int(match[2] or match[3], 16)).encode() if not match[4]
                else {b"n": b"\n", b"r": b"\r", b"t": b"\t",
                      b"\\": b"\\"}[match[4]], source.encode()))
        folder = os.fsencode(self.path("in"))
        self.assertEqual(sources, {b"in/" + name
                                   for name in os.listdir(folder)})

    def test_what_a_server_says(self):
        class Evil(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.wfile.write(
                    b"HTTP/1.1 302 \x1b]0;OWNED\x07\r\nLocation: ht\x1b[31mtp:/"
                    b"\xff\xe2\x80\xae/\x9b31m\r\nServer: \x1b[2J\r\n\r\n")

            def log_message(self, *_):
                pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Evil)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        urls = self.write("l.txt", f"http://127.0.0.1:{server.server_port}/"
                                   "\u202egpj.jpg?\u009b31m\n"
                                   "http://\u202e.invalid\u2028/a.jpg\n")
        out, err = self.run_raw("-i", urls, "-o", "out", "-s", "8x", "-vv",
                                "--allow-loopback", "--retries", 0)
        self.check_printable(out + err)

    def test_what_is_typed(self):
        for arguments in (("--\x1b[31m",), ("-s", "\x1b[31m", "-i", "x"),
                          ("-i", "\x1b[31m", "-o", "o", "-s", "8x"),
                          ("compare", "--\x1b[31m")):
            out, err = self.run_raw(*arguments, code=1)
            self.check_printable(out + err)

    def test_what_a_worker_writes_to_its_stderr(self):
        """Puts a worker beside the coordinator that writes before it works."""
        shutil.copy(COORDINATOR, self.path("coordinator"))
        self.write("words", EVIL + b"\n" + b"word " * 1000 + b"\n\nend")
        self.write("worker", f"#!/bin/sh\ncat '{self.path('words')}' >&2\n"
                             f"exec '{WORKER}' \"$@\"\n")
        os.chmod(self.path("worker"), 0o755)
        self.write("in/a.png", png(9, 9))
        for flags in ((), ("--log-file", "log"), ("--log-format", "json")):
            run = self.start(
                "-i", "in", "-o", f"out{len(flags)}{flags[:1]}", "-s", "8x",
                "-j", 1, "--sandbox", "off", *flags,
                executable=self.path("coordinator"))
            out, err = run.communicate(timeout=60)
            self.assertEqual(run.returncode, 0, err)
            text = self.check_printable(out + err)
            if flags == ("--log-format", "json"):
                self.assertEqual(json.loads(text.splitlines()[0])["level"],
                                 "warning")
        with open(self.path("log"), "rb") as log:
            lines = self.check_printable(log.read()).splitlines()
        for line in lines:
            self.assertRegex(line, r"^[0-9:]{8} coordinator\[[0-9]+\] warning: "
                                   r"worker 0 \(pid [0-9]+\) wrote: ")
        self.assertIn("\\x1b]0;OWNED\\x07", lines[0])
        self.assertTrue(lines[-1].endswith("wrote: end"), lines[-1])

    def test_a_worker_that_writes_without_end_fills_no_log(self):
        shutil.copy(COORDINATOR, self.path("coordinator"))
        self.write("worker", "#!/bin/sh\nyes 'all work' | head -c 3000000 >&2\n"
                             f"exec '{WORKER}' \"$@\"\n")
        os.chmod(self.path("worker"), 0o755)
        self.write("in/a.png", png(9, 9))
        run = self.start("-i", "in", "-o", "out", "-s", "8x", "-j", 1,
                         executable=self.path("coordinator"))
        _, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 0, err)
        self.assertIn(b"the rest is left out", err)
        self.assertLess(len(err), 1 << 20)

    def test_a_worker_s_own_command(self):
        name = os.fsencode(self.path()) + b"/" + EVIL.replace(b"/", b"")
        with open(name, "wb") as file:
            file.write(b"\xff\xd8\xff broken")
        for arguments in ((name, self.path("o.png"), "-s", "8x"),
                          (name, "--info"), ("--\x1b[31m",)):
            done = subprocess.run([WORKER, "thumbnail", *arguments],
                                  capture_output=True, timeout=60)
            self.check_printable(done.stdout + done.stderr)
