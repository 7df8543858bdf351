"""The same command again continues the job and notices changes."""

import os
import shutil
import socket
import subprocess
import time
import unittest

from harness import (COORDINATOR, OriginCase, png, tree, wait_until)


class Resume(OriginCase):
    def setUp(self):
        super().setUp()
        for i in range(6):
            self.write(f"www/{i}.png", png(60, 40, i))
        self.urls = self.write_list(
            "urls.txt", [f"{self.server.url}/{i}.png" for i in range(6)])

    def again(self, *flags, sizes="16x", code=0):
        self.server.forget_requests()
        return self.run_coordinator(
            "-j", 1, "-i", self.urls, "-o", "out", "-s", sizes,
            "--allow-loopback", "--retry-delay", "10ms", *flags, code=code)

    def asked(self):
        return sorted(uri for _, uri, _ in self.server.requests())

    def test_a_rerun_asks_the_server_for_nothing(self):
        self.again()
        made = tree(self.path("out"))
        self.assertEqual(len(self.asked()), 6)
        self.again()
        self.assertEqual(self.asked(), [])
        self.assertEqual(tree(self.path("out")), made)
        self.assertEqual(self.report()["counts"]["done"], 0)
        self.assertEqual(self.report()["counts"]["done_before"], 6)

    def test_a_longer_list_makes_only_what_is_new(self):
        self.again()
        self.write("www/new.png", png(60, 40, 99))
        with open(self.urls, "a", encoding="utf-8") as file:
            file.write(f"{self.server.url}/new.png\n")
        self.again()
        self.assertEqual(self.asked(), ["/new.png"])

    def test_an_added_size_makes_only_that_size(self):
        self.again()
        before = {path: os.stat(self.path("out", path)).st_ino
                  for path in tree(self.path("out"))}
        self.again(sizes="16x,8x")
        made = tree(self.path("out"))
        self.assertEqual(len(made), 12)
        for path, inode in before.items():  # a rename would change the inode
            self.assertEqual(os.stat(self.path("out", path)).st_ino, inode)
        self.assertEqual(self.report()["files_out"], 6)

    def test_another_recipe_is_refused_with_its_name(self):
        self.again()
        done = self.again("--filter", "box", code=1)
        self.assertIn("filter", done.err)
        self.assertEqual(self.asked(), [])

    def test_another_recipe_with_overwrite_makes_all_again(self):
        self.again()
        before = tree(self.path("out"))
        self.again("--filter", "nearest", "--overwrite")
        after = tree(self.path("out"))
        self.assertEqual(set(after), set(before))
        self.assertEqual(len(self.asked()), 6)
        self.assertNotEqual(after, before)

    def test_a_permanent_failure_is_tried_again_only_when_asked(self):
        os.remove(self.path("www/3.png"))
        self.again(code=2)
        self.write("www/3.png", png(60, 40, 3))
        self.again(code=2)  # one failed before, so not all is done
        self.assertEqual(self.asked(), [])
        self.again("--retry-failed")
        self.assertEqual(self.asked(), ["/3.png"])
        self.assertEqual(len(tree(self.path("out"))), 6)

    def test_a_transient_failure_is_tried_again_by_a_rerun(self):
        with open(self.urls, "a", encoding="utf-8") as file:
            file.write(f"{self.server.url}/flaky/2/1.png\n")
        self.again("--retries", 0, code=2)
        self.again("--retries", 0, code=2)
        self.again("--retries", 0)
        self.assertEqual(self.asked(), ["/flaky/2/1.png"])

    def test_revalidate_asks_for_everything(self):
        self.again()
        self.again("--revalidate")
        self.assertEqual(len(self.asked()), 6)

    def test_a_changed_file_is_made_again_and_the_others_are_not(self):
        photos = self.make_pngs(4)
        self.run_coordinator("-i", photos, "-o", "local", "-s", "8x")
        before = tree(self.path("local"))
        self.write("pngs/0002.png", png(50, 20, 77))
        self.run_coordinator("-i", photos, "-o", "local", "-s", "8x")
        after = tree(self.path("local"))
        changed = [path for path in after if after[path] != before[path]]
        self.assertEqual(changed, ["0002_8.png"])
        self.assertEqual(self.report("local")["counts"]["done"], 1)

    def local(self, *flags, code=0):
        return self.run_coordinator("-P", "none", "-j", 1, "-i", "local", "-o",
                                    "made", "-s", "16x,8x", *flags, code=code)

    def make_local(self):
        for i in range(6):
            self.write(f"local/{i % 2}/{i}.png", png(60, 40, i))
        self.local()
        return tree(self.path("made"))

    def spoil(self):
        """Removes one output and one folder, and changes the size of another
        output."""
        os.remove(self.path("made/0/0_16.png"))
        shutil.rmtree(self.path("made/1"))
        with open(self.path("made/0/2_8.png"), "ab") as file:
            file.write(b"x")

    def test_outputs_that_were_deleted_or_damaged_are_made_again(self):
        made = self.make_local()
        self.spoil()
        kept = os.stat(self.path("made/0/0_8.png")).st_ino
        plan = self.local("--dry-run").out
        self.assertEqual(plan.count("make again"), 5)
        self.assertEqual(plan.count("done"), 1)
        done = self.local()
        self.assertIn("outputs of 5 images", done.err)
        self.assertEqual(tree(self.path("made")), made)
        self.assertEqual(os.stat(self.path("made/0/0_8.png")).st_ino, kept)
        counts = self.report("made")["counts"]
        self.assertEqual((counts["done"], counts["done_before"],
                          counts["outputs_missing"]), (5, 1, 5))
        self.assertEqual(self.report("made")["files_out"], 8)
        self.local()
        self.assertEqual(self.report("made")["counts"]["done_before"], 6)

    def test_a_target_that_was_deleted_is_made_again(self):
        made = self.make_local()
        shutil.copytree(self.path("made/.thumbmill"), self.path("st"))
        os.chmod(self.path("st"), 0o700)
        shutil.rmtree(self.path("made"))
        self.local("--state", "st")
        self.assertEqual(tree(self.path("made")), made)

    def test_an_output_that_became_a_link_or_a_folder_is_made_again(self):
        made = self.make_local()
        os.rename(self.path("made/0/0_16.png"), self.path("away.png"))
        os.symlink(self.path("away.png"), self.path("made/0/0_16.png"))
        self.local()
        self.assertEqual(tree(self.path("made")), made)
        self.assertFalse(os.path.islink(self.path("made/0/0_16.png")))

    def test_a_trusted_journal_is_believed(self):
        self.make_local()
        self.spoil()
        left = tree(self.path("made"))
        self.local("--trust-journal")
        self.assertEqual(tree(self.path("made")), left)
        self.assertEqual(self.report("made")["counts"]["done_before"], 6)

    def test_an_output_whose_source_is_gone_too_is_a_failure(self):
        self.again()
        os.remove(self.path("www/3.png"))
        shutil.rmtree(self.host_folder())
        self.again(code=2)
        self.assertEqual(len(self.asked()), 6)
        self.assertEqual(len(tree(self.path("out"))), 5)
        self.assertEqual(self.report()["counts"]["failed"], 1)

    def host_folder(self):
        (name,) = [name for name in os.listdir(self.path("out"))
                   if name != ".thumbmill"]
        return self.path("out", name)

    def test_max_failures_stops_with_3_and_a_rerun_finishes(self):
        self.write_list("urls.txt",
                        [f"{self.server.url}/gone/{i}.png"
                         for i in range(3000)] +
                        [f"{self.server.url}/{i}.png" for i in range(6)])
        self.again("--max-failures", 5, "--downloads", 2, code=3)
        self.assertLess(len(self.asked()), 2000)
        self.assertEqual(tree(self.path("out")), {})
        self.assertEqual(self.report()["ended"], "limit")
        self.again(code=2)
        self.assertEqual(len(tree(self.path("out"))), 6)

    def test_a_second_coordinator_on_the_state_is_refused_by_name(self):
        urls = self.write_list("slow.txt", [f"{self.server.url}/silent/a.png"])
        first = self.start("-j", 1, "-i", urls, "-o", "out", "-s", "16x",
                           "--allow-loopback", "--retries", 0)
        wait_until(lambda: os.path.exists(
            self.path("out/.thumbmill/journal.sqlite")), 10, "the journal")
        wait_until(lambda: os.listdir(f"/proc/{first.pid}/task"), 10, "a task")
        time.sleep(0.3)
        second = self.again(code=1)
        self.assertIn(str(first.pid), second.err)
        self.assertIn(socket.gethostname(), second.err)
        first.kill()
        self.finish(first, None, 10)

    def test_an_output_below_a_file_is_fatal(self):
        self.write("file", "in the way")
        done = self.run_coordinator("-i", self.urls, "-o", "file/out", "-s",
                                    "16x", "--allow-loopback", code=4)
        self.assertIn("file/out", done.err)

    def test_a_full_disk_is_fatal_and_can_be_resumed(self):  # needs: mount
        self.make_pngs(200, width=80, height=80)
        os.makedirs(self.path("small"))
        command = (f"{COORDINATOR} -q -j 1 -i pngs -o small/out --state state "
                   "-s 64x")
        script = (
            "mount -t tmpfs -o size=256k tmpfs small || exit 99; "
            f"{command}; echo code=$?; "
            "mount -o remount,size=64m small; "
            f"{command}; echo code=$?; "
            "find small/out -name '*.png' | wc -l; "
            "find small/out/.thumbmill/tmp -type f | wc -l")
        done = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
             script], cwd=self.dir, capture_output=True, text=True, timeout=120,
            check=False)
        self.assertNotEqual(done.returncode, 99, done.stderr)
        self.assertEqual(done.stdout.split(),
                         ["code=4", "code=0", "200", "0"], done.stderr)


if __name__ == "__main__":
    unittest.main()
