"""Odd surroundings at the start of the process: closed descriptors, limits, a
filter, a tampered state. Each gives a clear error with one of our exit codes,
or makes no difference."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from harness import COORDINATOR, ProgramCase, tree

NOBODY = 65534


class StartUp(ProgramCase):
    def setUp(self):
        super().setUp()
        self.make_pngs(6, "in")
        self.args = ("-q", "-j", 1, "-i", "in", "-o", "out", "-s", "8x")

    def shell(self, redirections, *args):
        words = " ".join(map(str, args or self.args))
        return subprocess.run(
            ["sh", "-c", f"exec {COORDINATOR} {words} {redirections}"],
            cwd=self.dir, capture_output=True, text=True, timeout=60,
            check=False)

    def test_closed_standard_descriptors_make_no_difference(self):
        for redirections in ("<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-",
                             ">&- 2>&-", "<&- >&- 2>&-"):
            with self.subTest(redirections=redirections):
                shutil.rmtree(self.path("out"), ignore_errors=True)
                done = self.shell(redirections)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(len(tree(self.path("out"))), 6)

    def test_a_list_from_a_closed_standard_input_is_an_error(self):
        done = self.shell("<&-", "-i", "-", "-o", "out", "-s", "8x")
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard input", done.stderr)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_no_threads_no_run(self):  # needs: root, needs: no sanitizer
        os.chmod(self.dir, 0o777)
        program = shutil.copy(COORDINATOR, self.path("coordinator"))

        def become_nobody():
            os.setgroups([])
            resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        for backend in ("processes", "threads", "serial"):
            done = subprocess.run(
                [program, *map(str, self.args), "--backend", backend],
                cwd=self.dir, preexec_fn=become_nobody, capture_output=True,
                text=True, timeout=20, check=False)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertIn("cannot make a thread", done.stderr)
            self.assertIn("ulimit -u", done.stderr)

    def test_a_limit_on_file_sizes_is_an_error_with_its_name(self):
        for size in (0, 10 << 10, 100 << 10, 1 << 20):
            def limit(size=size):
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            done = self.finish(self.start(*self.args, preexec_fn=limit), None)
            self.assertIn(done.code, (1, 4), done.err)
            self.assertIn("ulimit -f", done.err)

    def test_a_filter_that_refuses_scheduling_is_named(self):  # needs: sandbox
        program = self.path("refuse")
        self.write("refuse.c", REFUSE)
        built = subprocess.run(["cc", "-o", program, self.path("refuse.c"),
                                "-lseccomp"], check=False)
        if built.returncode != 0:
            self.skipTest("no compiler for C, or no libseccomp")
        done = subprocess.run(
            [program, COORDINATOR, *map(str, self.args)], cwd=self.dir,
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("sched_setscheduler is refused", done.stderr)
        done = subprocess.run(
            [program, COORDINATOR, *map(str, self.args), "--backend",
             "threads"], cwd=self.dir, capture_output=True, text=True,
            timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


REFUSE = """
#include <errno.h>
#include <seccomp.h>
#include <unistd.h>
int main(int argc, char** argv) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  (void)argc;
  if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
                       SCMP_SYS(sched_setscheduler), 0) != 0 ||
      seccomp_load(filter) != 0)
    return 99;
  execv(argv[1], argv + 1);
  return 98;
}
"""

ENDLESS = ("SELECT count(*) FROM (WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL"
           " SELECT i+1 FROM c) SELECT i FROM c)")


class TamperedJournal(ProgramCase):
    def setUp(self):
        super().setUp()
        self.make_pngs(10, "in")
        self.job(code=0)

    def job(self, code):
        return self.run_coordinator("-q", "-j", 1, "-i", "in", "-o", "out",
                                    "-s", "8x", code=code, timeout=30)

    def tamper(self, sql, *values):
        journal = sqlite3.connect(self.path("out/.thumbmill/journal.sqlite"))
        journal.execute(sql, values)
        journal.commit()
        journal.close()

    def test_a_trigger_is_refused(self):
        before = tree(self.path("out"))
        for sql in (
                f"CREATE TRIGGER x AFTER INSERT ON items BEGIN {ENDLESS}; END",
                "CREATE TRIGGER x BEFORE INSERT ON items WHEN"
                " NEW.status='done' BEGIN SELECT RAISE(IGNORE); END"):
            self.tamper(sql)
            done = self.job(code=4)
            self.assertIn("triggers", done.err)
            self.tamper("DROP TRIGGER x")
        self.assertEqual(tree(self.path("out")), before)
        self.job(code=0)

    def test_a_recipe_nested_deep_is_refused(self):
        self.tamper("UPDATE meta SET value=? WHERE key='recipe'",
                    '{"format":' + "[" * 200000 + "]" * 200000 + "}")
        self.assertIn("recipe", self.job(code=4).err)

    def test_names_that_lead_outside_are_not_looked_at(self):
        """The run takes such an output as missing and makes it again under its
        name."""
        outside = self.write("outside_8.png", b"x" * 10)
        self.tamper("UPDATE items SET outputs = '8x' || char(9) ||"
                    " '../outside_8.png' || char(9) || '8' || char(9) || '6' ||"
                    " char(9) || '10' || char(9) || 'ab' || char(10)")
        self.job(code=0)
        self.assertEqual(self.report()["counts"]["outputs_missing"], 10)
        with open(outside, "rb") as file:
            self.assertEqual(file.read(), b"x" * 10)

    def test_a_signal_while_the_state_is_opened_ends_it_at_once(self):
        """A list that never comes delays the start, as a journal of hundreds of
        GB or a dead network file system would."""
        os.mkfifo(self.path("never.txt"))
        for number in (signal.SIGINT, signal.SIGTERM):
            job = self.start("-q", "-i", "never.txt", "-o", "out", "-s", "8x")
            time.sleep(0.5)
            job.send_signal(number)
            self.finish(job, 128 + number, 2)


if __name__ == "__main__":
    unittest.main()
