"""Tests what a run shows of itself: on a terminal, in lines, and on request.
Its numbers must be those of the journal."""

import fcntl
import http.server
import os
import pty
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import termios
import threading
import time
import zlib

from harness import (COORDINATOR, DeadPort, ProgramCase, children,
                     die_with_parent, origin, png, png_of, wait_until)

FAULTY_WORKER = os.path.join(os.environ["THUMBMILL_BIN"],
                             "tests/workers/faulty_worker")


def in_own_job():
    """Runs in the child: gives it a process group of its own in our session, so
    that Ctrl-Z can stop it."""
    die_with_parent()
    os.setpgid(0, 0)


def human_bytes(count):
    units = ["B", "KB", "MB", "GB"]
    value = float(count)
    while value >= 1023.95 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{count} B" if units[0] == "B" else f"{value:.1f} {units[0]}"


class Screen:
    """The parts of a terminal that the block needs; it keeps scrolled lines."""

    TOKEN = re.compile(r"\x1b\[\?2026[hl]|\x1b\[(\d*)([ABCKJm])|\r|\n|[^\x1b]")

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines, self.top, self.row, self.column = [""], 0, 0, 0

    def feed(self, text):
        at = 0
        while at < len(text):
            token = self.TOKEN.match(text, at)
            if token is None:
                raise AssertionError(f"not understood: {text[at:at + 20]!r}")
            at = token.end()
            if token[2]:
                self.control(token[2], int(token[1] or 1))
            elif token[0] == "\r":
                self.column = 0
            elif token[0] == "\n":
                self.down()
            elif len(token[0]) == 1:
                self.put(token[0])

    def down(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")
        self.top = max(self.top, self.row - self.rows + 1)

    def put(self, character):
        if self.column == self.columns:  # wraps
            self.column = 0
            self.down()
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = (line[:self.column] + character +
                                line[self.column + 1:])
        self.column += 1

    def control(self, kind, count):
        if kind == "A":
            if self.row - count < self.top:
                raise AssertionError("up beyond the top of the screen")
            self.row -= count
        elif kind == "B":
            self.row = min(self.row + count, len(self.lines) - 1)
        elif kind == "C":
            self.column += count
        elif kind == "K":
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif kind == "J":
            self.lines[self.row] = self.lines[self.row][:self.column]
            del self.lines[self.row + 1:]

    def shown(self):
        return [line.rstrip() for line in self.lines]


class Terminal:
    """A pseudo terminal, the text written to it, and a screen that shows it."""

    def __init__(self, columns=80, rows=24):
        self.leader, self.follower = pty.openpty()
        self.resize(columns, rows)
        self.text = ""
        self.reader = threading.Thread(target=self.read, daemon=True)

    def resize(self, columns, rows):
        fcntl.ioctl(self.leader, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def started(self):
        os.close(self.follower)
        self.reader.start()

    def read(self):
        while True:
            try:
                data = os.read(self.leader, 65536)
            except OSError:  # the last process has closed it
                return
            if not data:
                return
            self.text += data.decode()

    def close(self):
        self.reader.join(10)
        os.close(self.leader)

    def blocks(self):
        """Returns whole redraws, without the sequences that position and colour
        them."""
        parts = self.text.split("\x1b[?2026h")[1:]
        return [re.sub(r"\x1b\[[0-9?]*[a-zA-Z]|\r", "",
                       part.split("\x1b[?2026l")[0])
                for part in parts if "\x1b[?2026l" in part]


NUMBERS = re.compile(r"([\d,]+) done, ([\d,]+) skipped, ([\d,]+) failed, "
                     r"([~\d,+?]+) left")
BYTES = re.compile(r"([\d.]+ [KMG]?B) in, ([\d.]+ [KMG]?B) out")


def blocks(pid, number):
    """Returns whether the main thread of a process blocks a signal."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        mask = int(re.search(r"SigBlk:\s*(\w+)", status.read()).group(1), 16)
    return mask >> (number - 1) & 1 == 1


class Progress(ProgramCase):
    def setUp(self):
        super().setUp()
        self.www = self.path("www")
        os.makedirs(self.www)
        self.server = origin(self.www)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)

    def start_on_terminal(self, terminal, *arguments, environment=None,
                          preexec_fn=die_with_parent):
        kept = {name: value for name, value in os.environ.items()
                if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        process = subprocess.Popen(
            [COORDINATOR, *map(str, arguments)], cwd=self.dir,
            stdin=subprocess.DEVNULL, stdout=terminal.follower,
            stderr=terminal.follower, preexec_fn=preexec_fn,
            env={**kept, "TERM": "xterm", **(environment or {})})
        self.started.append(process)
        terminal.started()
        self.addCleanup(terminal.close)
        return process

    # ---- the journal ----

    def journal(self):
        """Returns (done, skipped, failed, bytes in, bytes out) of its
        records."""
        path = self.path("out/.thumbmill/journal.sqlite")
        if not os.path.exists(path):
            return (0, 0, 0, 0, 0)
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            counts = dict(database.execute(
                "SELECT status, count(*) FROM items GROUP BY status"))
            bytes_in, = database.execute(
                "SELECT coalesce(sum(bytes_in), 0) FROM items").fetchone()
            outputs = "".join(row[0] for row in database.execute(
                "SELECT outputs FROM items"))
        database.close()
        bytes_out = sum(int(line.split("\t")[4])
                        for line in outputs.splitlines())
        return (counts.get("done", 0), counts.get("skipped", 0),
                counts.get("failed", 0), bytes_in, bytes_out)

    def shown_in(self, text):
        """Returns the numbers of one line or block; None if it shows none
        yet."""
        numbers, sizes = NUMBERS.search(text), BYTES.search(text)
        if not numbers or not sizes:
            return None
        return ([int(value.replace(",", "")) for value in numbers.groups()[:3]],
                numbers[4], sizes.groups())

    def mixed_list(self):
        """Returns a list of 300 images that are made, 43 that fail in four
        ways, 20 named twice, and one that keeps the run alive."""
        for i in range(300):
            self.write(f"www/{i}.png", png(40 + i % 50, 30, i))
        self.write("www/broken.png", png(60, 40)[:200])
        urls = [f"{self.server.url}/{i}.png" for i in range(300)]
        with DeadPort() as port:
            urls.insert(100, f"http://127.0.0.1:{port}/nobody.png")
        urls += [f"{self.server.url}/missing/{i}.png" for i in range(40)]
        urls += [f"{self.server.url}/broken.png", "ftp://example.org/a.png"]
        urls += urls[:20]
        urls += [f"{self.server.url}/silent/last.png"]
        return self.write_list("urls.txt", urls)

    ARGUMENTS = ("-j", 2, "-o", "out", "-s", "16x,8x", "--allow-loopback",
                 "--retries", 0, "--first-byte-timeout", "60s",
                 "--sandbox", "off")  # avoids a message about the sandbox
    ENDED = ([300, 20, 43], "1")

    def compare_with_journal(self, run, last_shown):
        """Checks that no number is ahead of the journal during the run, and
        that all equal the journal's at rest."""
        before = (0, 0, 0)

        def at_rest():
            nonlocal before
            self.assertIsNone(run.poll(), "it ended")
            shown = last_shown()
            journal = self.journal()
            if shown is None:
                return None
            counts, left, sizes = shown
            # Images named twice are skipped without a record of their own.
            self.assertLessEqual(counts[0], journal[0])
            self.assertLessEqual(counts[1], journal[1] + 20)
            self.assertLessEqual(counts[2], journal[2])
            for was, now in zip(before, counts):
                self.assertLessEqual(was, now)
            before = counts
            return (counts, left) == self.ENDED and (journal, sizes)

        journal, sizes = wait_until(at_rest, 60, "all but the last ended")
        self.assertEqual(journal[:3], (300, 0, 43))
        self.assertEqual(sizes, (human_bytes(journal[3]),
                                 human_bytes(journal[4])))

    def check_totals(self, run):
        self.assertEqual(run.returncode, 130)
        report = self.report()
        journal = self.journal()
        self.assertEqual((report["counts"]["done"], report["counts"]["failed"],
                          report["bytes_in"], report["bytes_out"]),
                         (journal[0], journal[2], journal[3], journal[4]))
        return journal

    def test_the_numbers_of_lines_are_the_journals(self):
        urls = self.mixed_list()
        with open(self.path("lines"), "wb") as out:
            run = self.start(*self.ARGUMENTS, "-i", urls, "-P", "plain",
                             "--stats", "100ms", stderr=out)

        def last_shown():
            with open(self.path("lines"), encoding="utf-8") as lines:
                whole = lines.read().rpartition("\n")[0].splitlines()
            return self.shown_in(whole[-1]) if whole else None

        self.compare_with_journal(run, last_shown)
        run.send_signal(signal.SIGINT)
        self.finish(run, 130)
        with open(self.path("lines"), encoding="utf-8") as lines:
            text = lines.read()
        self.assertNotIn("\x1b", text)
        journal = self.check_totals(run)
        self.assertIn(f"\n{journal[0]} done, {journal[2]} failed, "
                      f"{journal[1] + 20} skipped in ", text)

    def test_the_numbers_of_the_block_are_the_journals(self):  # needs: pty
        terminal = Terminal()
        run = self.start_on_terminal(terminal, *self.ARGUMENTS, "-i",
                                     self.mixed_list())

        def last_shown():
            blocks = terminal.blocks()
            return self.shown_in(blocks[-1]) if blocks else None

        self.compare_with_journal(run, last_shown)
        run.send_signal(signal.SIGINT)
        run.wait(30)
        terminal.reader.join(10)
        journal = self.check_totals(run)
        self.assertEqual(self.shown_in(terminal.blocks()[-1]),
                         ([300, 20, 43], "1",
                          (human_bytes(journal[3]), human_bytes(journal[4]))))

    # ---- the terminal ----

    def test_log_lines_scroll_above_a_steady_block(self):  # needs: pty
        self.write_list("urls.txt", [f"{self.server.url}/gone/{i}.png"
                                     for i in range(60)])
        terminal = Terminal(119, 12)
        run = self.start_on_terminal(terminal, "-v", *self.ARGUMENTS, "-i",
                                     "urls.txt", "--per-host", 1)
        run.wait(60)
        terminal.reader.join(10)
        self.assertEqual(run.returncode, 2)
        # The block hides or switches nothing that would need to be restored.
        self.assertEqual(set(re.findall(r"\x1b\[\?\d+[hl]", terminal.text)),
                         {"\x1b[?2026h", "\x1b[?2026l"})
        screen = Screen(119, 12)
        screen.feed(terminal.text)
        shown = screen.shown()
        logged = [line for line in shown if ": http_4xx: " in line]
        self.assertEqual(len(logged), 60)
        self.assertEqual(shown[:60], logged)
        self.assertEqual(
            [re.sub(r"[\d.]+", "N", line) for line in shown[60:64]],
            ["images   N done, N skipped, N failed, N left",
             "rate     N/s in N s", "bytes    N B in, N B out in N thumbnails",
             "memory   peak N MB of N GB"])
        self.assertEqual(shown[64], "failed: http_4xx 60")

    def test_a_resize_changes_its_shape(self):  # needs: pty
        urls = self.write_list("urls.txt", [f"{self.server.url}/silent/a.png"])
        terminal = Terminal(80, 24)
        run = self.start_on_terminal(terminal, *self.ARGUMENTS, "-i", urls)
        wait_until(lambda: terminal.blocks() and
                   "slowest  127.0.0.1: " in terminal.blocks()[-1], 20,
                   "a host")
        terminal.resize(40, 5)
        run.send_signal(signal.SIGWINCH)
        wait_until(lambda: "done     0" in terminal.blocks()[-1], 5, "narrow")
        self.assertEqual(terminal.blocks()[-1].splitlines(),
                         ["done     0", "failed   0", "skipped  0",
                          "left     1"])
        # A second signal does not wait for running work.
        run.send_signal(signal.SIGINT)
        run.send_signal(signal.SIGINT)
        run.wait(20)
        self.assertEqual(run.returncode, 130)

    def test_ctrl_z_leaves_the_terminal_and_fg_comes_back(self):  # needs: pty
        urls = self.write_list("urls.txt", [f"{self.server.url}/silent/a.png"])
        terminal = Terminal()
        run = self.start_on_terminal(terminal, *self.ARGUMENTS, "-i", urls,
                                     preexec_fn=in_own_job)
        wait_until(lambda: len(terminal.blocks()) > 2, 20, "a block")
        os.kill(run.pid, signal.SIGTSTP)

        def state():
            with open(f"/proc/{run.pid}/stat", encoding="utf-8") as file:
                return file.read().rpartition(")")[2].split()[0]
        wait_until(lambda: state() == "T", 10, "it has stopped")
        wait_until(lambda: re.search(r"\x1b\[\dB\r+\n$", terminal.text), 5,
                   "the cursor is below the block")
        stopped = len(terminal.text)
        os.kill(run.pid, signal.SIGCONT)
        wait_until(lambda: "images " in terminal.text[stopped:], 10,
                   "the block is back")
        run.send_signal(signal.SIGTERM)
        run.wait(20)
        self.assertEqual(run.returncode, 143)

    def text_on_terminal(self, environment, *more):
        self.write("www/a.png", png(30, 20))
        urls = self.write_list("urls.txt", [f"{self.server.url}/a.png"])
        terminal = Terminal()
        run = self.start_on_terminal(terminal, *self.ARGUMENTS, "-i", urls,
                                     *more, environment=environment)
        run.wait(30)
        terminal.reader.join(10)
        self.assertEqual(run.returncode, 0, terminal.text)
        return terminal.text

    def test_a_dumb_terminal_gets_no_escapes(self):  # needs: pty
        text = self.text_on_terminal({"TERM": "dumb"})
        self.assertNotIn("\x1b", text)
        self.assertIn("1 done, 0 failed, 0 skipped in ", text)

    def test_no_color_leaves_the_block_uncoloured(self):  # needs: pty
        text = self.text_on_terminal({"NO_COLOR": "1"})
        self.assertIn("\x1b[K", text)
        self.assertIsNone(re.search(r"\x1b\[[\d;]*m", text))

    def test_progress_none_and_quiet_draw_nothing(self):  # needs: pty
        text = self.text_on_terminal({}, "-P", "none")
        self.assertEqual(text.splitlines()[0][:20], "1 done, 0 failed, 0 ")
        shutil.rmtree(self.path("out"))
        self.assertEqual(self.text_on_terminal({}, "-q"), "")

    # ---- SIGUSR2 ----

    def ask(self, run, errors, pattern):
        """Asks until an answer has a line that matches `pattern`."""
        def answer():
            run.send_signal(signal.SIGUSR2)
            time.sleep(0.1)
            with open(errors, encoding="utf-8") as file:
                return re.search(pattern, file.read())
        return wait_until(answer, 30, pattern)

    def start_to_ask(self, *arguments, program=None):
        errors = self.path("errors")
        with open(errors, "wb") as out:
            run = subprocess.Popen(
                [program or COORDINATOR, *map(str, arguments)], cwd=self.dir,
                stdin=subprocess.DEVNULL, stderr=out,
                preexec_fn=die_with_parent)
        self.started.append(run)
        wait_until(lambda: children(run.pid) or "serial" in arguments or
                   "threads" in arguments, 10, "workers")
        # Until the program blocks the signal, it would end the process.
        wait_until(lambda: blocks(run.pid, signal.SIGUSR2), 20, "its mask")
        time.sleep(0.2)
        return run, errors

    def test_sigusr2_tells_which_image_hangs_where(self):
        os.makedirs(self.path("programs"))
        program = self.path("programs/coordinator")
        shutil.copy(COORDINATOR, program)
        shutil.copy(FAULTY_WORKER, self.path("programs/worker"))
        self.write("www/hang.png", png(30, 20) + b"deed:hang")
        secret = "X-Amz-Signature=0123456789abcdef"
        urls = self.write_list("urls.txt",
                               [f"{self.server.url}/hang.png?{secret}"])
        run, errors = self.start_to_ask(
            "-q", "-j", 2, "-i", urls, "-o", "out", "-s", "8x",
            "--allow-loopback", "--task-timeout", "3s", "--attempts", 2,
            program=program)
        told = self.ask(run, errors,
                        r"worker (\d) \(pid (\d+)\): decode of (\S+) for "
                        r"(\d+\.\d) s, attempt 2, [\d.]+ [KM]B")
        self.assertIn(int(told[2]), children(run.pid))
        self.assertTrue(told[3].startswith(f"{self.server.url}/hang.png?"))
        self.assertLess(float(told[4]), 4)
        self.ask(run, errors, r"worker \d \(pid \d+\): idle, ")
        run.wait(30)
        with open(errors, encoding="utf-8") as file:
            text = file.read()
        self.assertEqual(run.returncode, 2)
        self.assertNotIn("0123456789abcdef", text)
        self.assertIn("attempt 1", text)
        record, = self.failed().values()
        self.assertEqual(record["reason"], "hang")

    def test_sigusr2_tells_what_threads_and_fetches_are_at(self):
        # The picture has many pixels in a few kilobytes: it takes seconds to
        # decode.
        width, height = 12000, 12000
        rows = (b"\0" + bytes(width * 3)) * 1000
        packer = zlib.compressobj(1)
        packed = b"".join(packer.compress(rows) for _ in range(height // 1000))
        large = [self.write("large.png",
                            png_of(width, height, packed + packer.flush()))]
        for i in range(200):  # enough work to be still running then
            large.append(self.path(f"large{i}.png"))
            os.link(large[0], large[-1])
        urls = self.write_list(
            "urls.txt", [f"{self.server.url}/silent/a.png", *large])
        for backend, where in (("threads", r"thread 0"),
                               ("processes", r"worker 0 \(pid \d+\)")):
            run, errors = self.start_to_ask(
                "-j", 1, "-i", urls, "-o", "null:", "-s", "8x",
                "--allow-loopback", "--backend", backend,
                "--first-byte-timeout", "60s")
            self.ask(run, errors, where + r": (decode|resize) of " +
                     re.escape(self.dir) + r"/large\d*\.png for \d+\.\d s, attempt 1")
            self.ask(run, errors, r"fetch from 127\.0\.0\.1: " +
                     re.escape(self.server.url) +
                     r"/silent/a\.png for \d+\.\d s, 0 B so far, try 1")
            run.send_signal(signal.SIGINT)
            run.send_signal(signal.SIGINT)
            run.wait(20)

    def test_sigusr2_tells_what_is_being_uploaded(self):
        let_go = threading.Event()

        class Silent(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self):
                self.send_response(200)
                self.end_headers()

            def do_PUT(self):
                let_go.wait(30)

            def log_message(self, *_):
                pass

        target = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
        target.daemon_threads = True
        threading.Thread(target=target.serve_forever, daemon=True).start()
        self.addCleanup(target.server_close)
        self.addCleanup(target.shutdown)
        self.addCleanup(let_go.set)
        picture = self.write("a.png", png(30, 20))
        run, errors = self.start_to_ask(
            "-j", 1, "-i", picture, "-s", "8x", "--state", "state", "-o",
            f"http://user:secret@127.0.0.1:{target.server_port}/up/")
        self.ask(run, errors, r"store at 127\.0\.0\.1: " +
                 re.escape(picture) + r" for \d+\.\d s, try 1")
        run.send_signal(signal.SIGINT)
        run.send_signal(signal.SIGINT)
        run.wait(20)
        with open(errors, encoding="utf-8") as file:
            self.assertNotIn("secret", file.read())

    def test_a_dry_run_ends_with_sigint(self):
        run = self.start("--dry-run", "-i", "-", "-o", "out", "-s", "8x",
                         stdin=subprocess.PIPE)
        time.sleep(0.5)
        self.assertIsNone(run.poll())
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(10), 130)
