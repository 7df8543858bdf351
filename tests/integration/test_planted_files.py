"""Another user of the machine, or somebody who had the state before, has
planted links, hard links, FIFOs and folders that all may write to. The run
follows none of them, writes over nothing foreign, and its error says how to go
on."""

import os
import stat
import unittest

from harness import ProgramCase, tree, wait_until

NOBODY = 65534
OURS = ("lock", "target.lock", "journal.sqlite", "journal.sqlite-wal",
        "journal.sqlite-shm")


class Planted(ProgramCase):
    def setUp(self):
        super().setUp()
        os.chmod(self.dir, 0o755)
        self.make_pngs(6, "in")
        self.treasure = self.write("treasure", "of the user")
        os.chmod(self.treasure, 0o600)

    def job(self, *flags, code):
        return self.run_coordinator("-q", "-j", 1, "-i", "in", "-o", "out",
                                    "-s", "8x", *flags, code=code)

    def assert_treasure(self):
        with open(self.treasure, encoding="utf-8") as file:
            self.assertEqual(file.read(), "of the user")

    def as_nobody(self, work):
        """Runs `work()` in a process of user nobody."""
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
                work()
                code = 0
            finally:
                os._exit(code)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)

    def test_a_state_that_another_user_made_is_refused(self):  # needs: root
        os.makedirs(self.path("out"))
        os.chmod(self.path("out"), 0o777)

        def plant():
            os.mkdir(self.path("out/.thumbmill"))
            for name in OURS:
                os.symlink(self.treasure, self.path("out/.thumbmill", name))
        self.as_nobody(plant)
        done = self.job(code=1)
        self.assertIn(".thumbmill belongs to user 65534", done.err)
        self.assertIn("remove it", done.err)
        self.assert_treasure()
        self.assertEqual(tree(self.path("out")), {})

    def test_a_target_of_another_user_with_a_state_elsewhere(
            self):  # needs: root
        os.makedirs(self.path("out/.thumbmill"))
        os.symlink(self.treasure, self.path("out/.thumbmill/target.lock"))
        for path in ("out", "out/.thumbmill"):
            os.chown(self.path(path), NOBODY, NOBODY)
        self.assertIn("belongs to", self.job("--state", "st", code=1).err)
        self.assert_treasure()

    def test_links_in_our_own_state_are_refused(self):
        for name in OURS:
            os.makedirs(self.path("out/.thumbmill"), 0o700)
            os.symlink(self.treasure, self.path("out/.thumbmill", name))
            done = self.job(code=1)
            self.assertIn(f"{name} is a link", done.err)
            self.assert_treasure()
            os.unlink(self.path("out/.thumbmill", name))
            self.job(code=0)
            self.run_in_shell("rm -r out")

    def run_in_shell(self, text):
        self.assertEqual(os.system(f"cd {self.dir} && {text}"), 0)

    def test_hard_links_fifos_and_folders_are_refused(self):
        for name in OURS:
            for plant in (os.mkfifo, os.mkdir,
                          lambda path: os.link(self.treasure, path)):
                os.makedirs(self.path("out/.thumbmill"), 0o700)
                plant(self.path("out/.thumbmill", name))
                done = self.job(code=1)
                self.assertIn(name, done.err)
                self.assertIn("remove it", done.err)
                self.assert_treasure()
                self.run_in_shell("rm -r out")

    def test_a_state_that_others_may_write_to_is_refused(self):
        for mode in (0o777, 0o1777, 0o770, 0o702):
            os.makedirs(self.path("st"), exist_ok=True)
            os.chmod(self.path("st"), mode)
            done = self.job("--state", "st", code=1)
            self.assertIn("chmod go-w st", done.err)
            self.assertEqual(os.listdir(self.path("st")), [])
        os.chmod(self.path("st"), 0o755)
        self.job("--state", "st", code=0)

    def test_temporary_folders_that_are_links_are_not_entered(self):
        self.write("elsewhere/7", "of the user")
        for name, code in (("tmp", 1), ("tmp/0", 0)):  # the second is removed
            os.makedirs(self.path("out/.thumbmill", os.path.dirname(name)))
            os.symlink(self.path("elsewhere"),
                       self.path("out/.thumbmill", name))
            done = self.job(code=code)
            self.assertEqual("is a link" in done.err, code == 1)
            self.assertEqual(os.listdir(self.path("elsewhere")), ["7"])
            self.run_in_shell("rm -r out")

    def test_the_journal_is_for_its_owner_alone(self):
        os.makedirs(self.path("st"))
        os.chmod(self.path("st"), 0o755)
        old = os.umask(0)
        try:
            self.job("--state", "st", code=0)
        finally:
            os.umask(old)
        self.assertEqual(self.mode("st/journal.sqlite"), 0o600)
        self.assertEqual(self.mode("st/failed.jsonl"), 0o600)

    def mode(self, name):
        return stat.S_IMODE(os.stat(self.path(name)).st_mode)

    def test_a_journal_of_an_older_version_is_closed_to_others(self):
        os.makedirs(self.path("st"))
        self.job("--state", "st", code=0)
        os.chmod(self.path("st/journal.sqlite"), 0o644)
        self.job("--state", "st", code=0)
        self.assertEqual(self.mode("st/journal.sqlite"), 0o600)

    def test_log_and_shared_memory_of_the_journal_are_closed_too(self):
        os.makedirs(self.path("st"))
        os.chmod(self.path("st"), 0o755)
        job = self.start("-q", "-j", 1, "-i", "-", "-o", "out", "-s", "8x",
                         "--state", "st", stdin=-1)
        try:
            wait_until(lambda: os.path.exists(
                self.path("st/journal.sqlite-wal")), 20, "the journal's log")
            for name in os.listdir(self.path("st")):
                if name.startswith("journal"):
                    self.assertEqual(self.mode(f"st/{name}"), 0o600, name)
        finally:
            self.finish(job, 0)

    def test_a_link_of_another_user_to_a_report_is_not_followed(
            self):  # needs: root
        os.makedirs(self.path("public"))
        os.chmod(self.path("public"), 0o777)

        def plant():
            os.symlink(self.treasure, self.path("public/r.json"))
            os.symlink(self.treasure, self.path("public/log"))
            os.symlink(self.dir, self.path("public/folder"))
        self.as_nobody(plant)
        self.run_coordinator("-P", "none", "-i", "in", "-o", "out", "-s", "8x",
                             "--report", "public/r.json")
        self.assert_treasure()
        done = self.run_coordinator("-i", "in", "-o", "out", "-s", "8x", "-vv",
                                    "--log-file", "public/log", code=1)
        self.assertIn("not followed", done.err)
        self.assert_treasure()
        for flags in (("-o", "public/folder/out"),
                      ("-o", "out", "--state", "public/folder/st")):
            done = self.run_coordinator("-q", "-i", "in", "-s", "8x", *flags,
                                        code=1)
            self.assertIn("not followed", done.err)
        self.assertFalse(os.path.exists(self.path("st")))

    def test_a_report_replaces_no_device_and_waits_for_no_reader(self):
        os.mkfifo(self.path("fifo"))
        for name in ("/dev/null", "fifo", "/dev/stdout"):
            self.run_coordinator("-q", "-i", "in", "-o", "out", "-s", "8x",
                                 "--report", name)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))
        self.assertTrue(os.path.islink("/dev/stdout"))
        done = self.run_coordinator("-q", "-i", "in", "-o", "out", "-s", "8x",
                                    "--log-file", "fifo", code=1, timeout=10)
        self.assertIn("--log-file", done.err)

    def test_a_log_file_is_appended_to(self):
        urls = self.write_list("l.txt", [self.path("none.png")])
        lines = []
        for _ in range(2):
            self.run_coordinator("-v", "-P", "none", "-i", urls, "-o", "out",
                                 "-s", "8x", "--retry-failed", "--log-file",
                                 "log", code=2)
            with open(self.path("log"), encoding="utf-8") as file:
                lines.append(len(file.readlines()))
        self.assertGreater(lines[0], 0)
        self.assertEqual(lines[1], 2 * lines[0])

    def test_links_of_the_user_are_followed(self):
        os.makedirs(self.path("big/disk"))
        os.symlink("big/disk", self.path("linked"))
        os.symlink("big/r.json", self.path("r.json"))
        self.run_coordinator("-q", "-i", "in", "-o", "linked/out", "-s", "8x",
                             "--report", "r.json")
        self.assertEqual(len(tree(self.path("big/disk/out"))), 6)
        self.assertTrue(os.path.islink(self.path("r.json")))
        self.assertTrue(os.path.isfile(self.path("big/r.json")))


if __name__ == "__main__":
    unittest.main()
