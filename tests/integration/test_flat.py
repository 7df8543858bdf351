"""Runs many small images, some of which fail. No process may hold more memory
or descriptors the more images it has handled."""

import os
import time
import unittest

from harness import ProgramCase, children, png, png_of, tree

MIB = 1 << 20


def status(pid):
    """Returns (private bytes, threads), or None if the process has ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            fields = dict(line.split(":", 1) for line in file)
        return (int(fields["RssAnon"].split()[0]) << 10,
                int(fields["Threads"]))
    except (OSError, KeyError):
        return None


def descriptors(pid):
    """Returns the number of open descriptors. Returns None if the process has
    ended or may not be looked at (a sandboxed worker, unless by root)."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return None


class Flat(ProgramCase):
    def make_links(self, count):
        """Makes `count` names for few pictures; one in 20 cannot be read."""
        originals = [self.write(f"originals/{i}.png", png(24 + i, 18, i))
                     for i in range(40)]
        bad = [self.write("originals/broken.png",
                          png_of(60, 40, b"\xff" * 200)),
               self.write("originals/empty.png", b"")]
        for i in range(count):
            folder = self.path("in", str(i // 1000))
            if i % 1000 == 0:
                os.makedirs(folder)
            source = (bad[i // 20 % 2] if i % 20 == 7 else
                      originals[i % len(originals)])
            os.link(source, os.path.join(folder, f"{i}.png"))

    def cached(self, pid):
        """Returns the bytes of the names claimed so far. SQLite keeps up to 24
        MiB of them in memory, so this much growth is expected."""
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                path = f"/proc/{pid}/fd/{fd}"
                if "claims.sqlite" in os.readlink(path):
                    return os.stat(path).st_size
        except OSError:
            pass
        return 0

    def sample(self, pid):
        """Returns {process: (private bytes, threads, descriptors)}."""
        samples = {}
        for each in [pid] + children(pid):
            found = status(each)
            if found is not None:
                samples[each] = (*found, descriptors(each))
        return samples

    def check(self, count, seconds):
        self.make_links(count)
        run = self.start("-q", "-j", 2, "-i", "in", "-o", "out", "-s", "16x",
                         "--fsync", "never")
        deadline = time.monotonic() + seconds
        samples = []
        while run.poll() is None:
            self.assertLess(time.monotonic(), deadline, "it takes too long")
            samples.append((self.cached(run.pid), self.sample(run.pid)))
            time.sleep(0.5)
        self.finish(run, 2)
        self.assertEqual(len(tree(self.path("out"))), count - count // 20)
        return run.pid, samples

    def test_200000_small_images_leave_every_process_as_it_was(self):  # long
        pid, samples = self.check(200_000, 1100)
        # In the second half all buffers have been used once.
        later = samples[len(samples) // 2:-4]
        self.assertGreater(len(later), 10)
        (names, first), (more_names, last) = later[0], later[-1]
        # The processes and their threads must be the same.
        self.assertEqual(set(first), set(last))
        for each, (memory, threads, files) in first.items():
            now = last[each]
            grown = now[0] - memory
            if each == pid:
                print(f"coordinator: {memory / MIB:.1f} MiB, then "
                      f"{now[0] / MIB:.1f}; names "
                      f"{names / MIB:.1f}, then {more_names / MIB:.1f}")
                grown -= 1.25 * (more_names - names)
            else:
                print(f"worker: {memory / MIB:.1f} MiB, then "
                      f"{now[0] / MIB:.1f}")
            # A leak of 50 bytes for each image would exceed this.
            self.assertLess(grown, 4 * MIB, "bytes of private memory")
            self.assertEqual(now[1], threads)
            # Allow for files that are being written at that moment.
            if files is not None and now[2] is not None:
                self.assertLess(abs(now[2] - files), 8)


if __name__ == "__main__":
    unittest.main()
