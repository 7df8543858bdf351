"""Disks that are full or read-only, damaged journals, too few descriptors. The
run ends with a clear error, leaves nothing wrong at the target, writes over
nothing, and the same command continues once there is room."""

import errno
import os
import random
import resource
import shutil
import signal
import subprocess
import unittest

from battery import FaultCase, SIZES, records
from harness import (COORDINATOR, origin, png, read_jsonl, tree,
                     wait_until)
from test_failing_calls import LIBRARY

JOURNAL = ".thumbmill/journal.sqlite"


class SmallDisk(FaultCase):
    """Uses a tmpfs of its own, in a mount namespace of its own."""

    PICTURES = 60

    def on_tmpfs(self, options, *commands):
        """Runs `commands` in a shell where `small` is a tmpfs with these
        options; returns their output."""
        os.makedirs(self.path("small"), exist_ok=True)
        script = "\n".join(
            ["mount -t tmpfs -o " + options + " tmpfs small || exit 99",
             "job() { " + self.command() + "; echo code=$?; }",
             *commands])
        done = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
             script], cwd=self.dir, capture_output=True, text=True,
            timeout=120, check=False)
        self.assertNotEqual(done.returncode, 99, done.stderr)
        return done.stdout.split(), done.stderr

    def command(self):
        return " ".join([COORDINATOR, "-q", "-j", "1", "-i", "in", "-o",
                         "small/out", *SIZES])

    def check_resumed(self, options, room):
        """Lets a run fail for lack of something, then gives it room."""
        self.make_job()
        said, err = self.on_tmpfs(
            options, "job", "find small -name '*.png' | wc -l",
            f"mount -o remount,{room} small", "job",
            "cp -r small/out out")
        self.assertEqual(said[0], "code=4", err)
        self.assertLess(int(said[1]), 2 * self.PICTURES)
        self.assertEqual(said[2], "code=2", err)
        self.assert_whole()
        return err

    def test_a_full_disk_that_holds_the_state_too(self):  # needs: mount
        err = self.check_resumed("size=400k", "size=64m")
        self.assertRegex(err, "[Nn]o space|full")

    def test_a_disk_without_inodes(self):  # needs: mount
        err = self.check_resumed("size=64m,nr_inodes=70", "nr_inodes=10000")
        self.assertIn("No space", err)

    def test_a_disk_that_is_too_small_from_the_start(self):  # needs: mount
        self.make_job()
        for size in ("4k", "16k", "32k", "64k", "128k"):
            said, err = self.on_tmpfs(f"size={size}", "job")
            self.assertEqual(said, ["code=4"], f"{size}: {err}")
            self.assertRegex(err, "[Nn]o space|full", size)

    def test_a_read_only_disk(self):  # needs: mount
        self.make_job()
        said, err = self.on_tmpfs("size=64m,ro", "job")
        self.assertEqual(said, ["code=4"], err)
        self.assertIn("Read-only", err)

    def test_a_disk_that_turns_read_only(self):  # needs: mount
        self.make_job()
        said, err = self.on_tmpfs(
            "size=64m", "job", "mount -o remount,ro small", "job",
            "mount -o remount,rw small", "job", "cp -r small/out out")
        self.assertEqual(said, ["code=2", "code=4", "code=2"], err)
        self.assert_whole()


class BadFolders(FaultCase):
    """A folder of the target that cannot be used costs only its own images."""

    PICTURES = 12

    def check(self, plant):
        """`plant` is a shell line that spoils small/out/0. The other images are
        made, and a rerun makes the rest after the folder is repaired."""
        os.makedirs(self.path("small"), exist_ok=True)
        script = "\n".join([
            "mount -t tmpfs -o size=64m tmpfs small || exit 99",
            "mkdir -p small/out elsewhere", plant + " || exit 98",
            "job() { " + self.command() + "; echo code=$?; }",
            "job", "find small/out/[12] -name '*.png' | wc -l",
            "cp small/out/.thumbmill/failed.jsonl failed.jsonl",
            "find elsewhere -type f | wc -l",
            "umount -q small/out/0; chmod 755 small/out/0",
            "chattr -i small/out/0 2>/dev/null; rm -rf small/out/0",
            "job", "cp -r small/out out"])
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script], cwd=self.dir,
            capture_output=True, text=True, timeout=120, check=False)
        self.assertNotIn(done.returncode, (98, 99), done.stderr)
        self.assertEqual(done.stdout.split()[-4:], ["code=2", "16", "0",
                                                    "code=2"], done.stderr)
        records = read_jsonl(self.path("failed.jsonl"))
        self.assertEqual(
            sorted(record["reason"] for record in records),
            ["corrupt"] + ["upload"] * 4, records)
        self.assert_whole()
        self.forget()

    def command(self):
        return " ".join([COORDINATOR, "-q", "-j", "1", "-i", "in", "-o",
                         "small/out", *SIZES])

    def test_links_and_mounts_in_the_target(self):  # needs: mount # needs: root
        self.make_job()
        for plant in ("ln -s 0 small/out/0", "ln -s nowhere small/out/0",
                      "ln -s ../../elsewhere small/out/0",
                      "mkdir small/out/real && ln -s real small/out/0",
                      "ln -s /dev/shm small/out/0",
                      "mkdir small/out/0 && mount -t tmpfs t small/out/0",
                      "mkdir small/out/0 && mount -t tmpfs -o ro t small/out/0",
                      "mkdir small/out/0 && mount --bind elsewhere small/out/0",
                      "mkdir small/out/0 x && mount --bind small/out/0 "
                      "small/out/0"):
            with self.subTest(plant=plant):
                self.check(plant)


class Descriptors(FaultCase):
    PICTURES = 12

    def with_descriptors(self, count):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
        self.forget()
        process = subprocess.Popen(
            [COORDINATOR, *map(str, self.job("out"))],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=self.dir, preexec_fn=limit)
        self.started.append(process)
        return self.finish(process, None, 60)

    def test_too_few_descriptors_are_an_error_or_enough(self):
        self.make_job()
        enough = 0
        for count in (*range(8, 48, 4), *range(50, 256, 50), 256, 300):
            with self.subTest(descriptors=count):
                done = self.with_descriptors(count)
                self.assertIn(done.code, (1, 2), done.err)
                if done.code == 2:
                    enough += 1
                    self.assert_whole()
                else:
                    self.assertRegex(done.err, "open files|libraries")
        self.assertGreaterEqual(enough, 2)

    def test_enough_descriptors_by_its_own_count_are_enough(self):
        """With URLs: it may open as many files as it asks for, and not one
        more."""
        with origin(self.path("in")) as server:
            self.make_job()
            urls = self.write_list(
                "urls.txt", [f"{server.url}/{i % 3}/{i}.png?{n}"
                             for n in range(30) for i in range(12)])
            job = ("-q", "-j", 3, "-i", urls, "-s", "8x", "--allow-loopback",
                   "--downloads", 168, "--per-host", 168)

            def limit():
                resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
            run = self.start(*job, "-o", "urls", preexec_fn=limit)
            self.finish(run, 0)
            self.assertEqual(len(tree(self.path("urls"))), 360)


class Journals(FaultCase):
    PICTURES = 40

    def setUp(self):
        super().setUp()
        self.make_job()
        self.run_job(code=2)
        with open(self.path("out", JOURNAL), "rb") as file:
            self.good = file.read()
        self.random = random.Random(os.environ.get("THUMBMILL_SEED", "1"))

    def run_with(self, journal):
        """Runs the finished job again with these bytes as its journal."""
        for name in os.listdir(self.path("out/.thumbmill")):
            if name.startswith("journal.sqlite"):
                os.remove(self.path("out/.thumbmill", name))
        with open(self.path("out", JOURNAL), "wb") as file:
            file.write(journal)
        done = self.run_job()
        self.assertIn(done.code, (0, 1, 2, 4), done.err)
        # Either way, no output is lost and none changes.
        self.assertEqual(self.made(), self.reference)
        if done.code in (1, 4):
            self.assertIn("journal" if done.code == 4 else "recipe", done.err)
            with open(self.path("out", JOURNAL), "rb") as file:
                self.assertEqual(file.read(), journal, "it was written over")
        return done.code

    def flip(self, count):
        refused = 0
        for _ in range(count):
            journal = bytearray(self.good)
            at = self.random.randrange(8 * len(journal))
            journal[at // 8] ^= 1 << at % 8
            with self.subTest(bit=at):
                refused += self.run_with(bytes(journal)) in (1, 4)
        return refused

    def test_one_flipped_bit_is_refused_or_harmless(self):
        self.flip(20)

    def test_many_flipped_bits_are_refused_or_harmless(self):  # long
        self.assertGreater(self.flip(400), 0)

    def test_a_journal_cut_short_is_refused(self):
        pages = len(self.good) // 4096
        for kept in (0, 1, 100, 4095, 4096, 8192, pages // 2 * 4096,
                     (pages - 1) * 4096):
            with self.subTest(bytes=kept):
                self.assertEqual(self.run_with(self.good[:kept]), 4)
        # SQLite reads a partial page as if the rest were zeros.
        self.run_with(self.good[:-1])

    def test_a_page_of_zeros_is_refused_or_harmless(self):
        for at in range(0, len(self.good), 4096):
            with self.subTest(page=at // 4096):
                self.run_with(self.good[:at] + bytes(4096) +
                              self.good[at + 4096:])

    def test_a_damaged_log_of_the_journal_loses_only_what_is_made_again(self):
        """kill -9 leaves journal.sqlite-wal, which the test then damages."""
        for at in (0.02, 0.3, 0.6, 0.9):
            self.forget()
            run = self.begin()
            wait_until(lambda: self.made() or run.poll() is not None, 20,
                       "an output")
            run.kill()
            self.finish(run, None)
            log = self.path("out", JOURNAL + "-wal")
            if not os.path.exists(log):
                continue
            with open(log, "r+b") as file:
                file.seek(int(at * os.path.getsize(log)))
                file.write(b"damaged" * 10)
            self.run_job(code=2)
            self.assert_whole()

    def test_two_states_on_one_target_are_refused_by_name(self):
        """The first run is stopped while it holds the target, until the second
        has tried."""
        first = self.begin()
        lock = self.path("out/.thumbmill/target.lock")
        wait_until(lambda: os.path.getsize(lock) > 0, 10, "the lock")
        first.send_signal(signal.SIGSTOP)
        with open(lock, encoding="utf-8") as file:
            holder = file.read()
        done = self.run_job(arguments=("--state", "other"))
        first.send_signal(signal.SIGCONT)
        self.finish(first, 2)
        if holder.endswith(f"process {first.pid}"):
            self.assertEqual(done.code, 1, done.err)
            self.assertIn(str(first.pid), done.err)
            self.assertFalse(os.path.exists(self.path("other/report.json")))
        self.assert_whole()

    # The library cannot be loaded before a sanitizer's.
    def test_no_locks_no_run(self):  # needs: no sanitizer
        before = tree(self.path("out/.thumbmill"))
        for number in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
            done = self.run_job(code=None, env={
                "LD_PRELOAD": LIBRARY, "FAILING_CALL": f"flock:0:{number}"})
            self.assertIn(done.code, (1, 4))
            self.assertIn("cannot lock", done.err)
        self.assertEqual(tree(self.path("out/.thumbmill")), before)

    def test_the_state_of_another_job_is_refused(self):
        other = self.run_job(code=1, arguments=("--filter", "box"))
        self.assertIn("filter", other.err)
        self.assert_whole()

    def test_a_longer_list_on_the_same_state_keeps_what_is_done(self):
        self.write("in/new.png", png(44, 30, 99))
        before = records(self.path("out/.thumbmill"))
        self.run_job(code=2)
        after = records(self.path("out/.thumbmill"))
        self.assertEqual(len(after), len(before) + 1)
        self.assertLess(set(before), set(after))


if __name__ == "__main__":
    unittest.main()
