"""Another user of the machine reaches nothing of a run."""

import os
import signal
import socket
import unittest

from battery import records, workers_of
from harness import ProgramCase, origin, wait_until

NOBODY = 65534
# ZeroMQ's first bytes: signature, version 3.0, mechanism NULL.
GREETING = (b"\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL" + bytes(48))[:64]


def as_nobody(work):
    """Returns the short text that `work()` returns in a process of user nobody,
    or the name of its exception."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            answer = work()
        except BaseException as error:  # pylint: disable=broad-except
            answer = type(error).__name__
        os.write(writer, answer.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read().decode()
    os.waitpid(pid, 0)
    return answer


def greet(address):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(5)
        peer.connect(address)
        peer.sendall(GREETING)
        return "an answer" if peer.recv(1) else "hung up"


class OtherUser(ProgramCase):
    def setUp(self):
        super().setUp()
        os.chmod(self.dir, 0o755)  # lets nobody reach the folder
        with open(self.path("word"), "w", encoding="utf-8") as file:
            file.write("to be read by nobody")
        server = origin(self.dir)
        server.__enter__()
        self.addCleanup(server.__exit__)
        urls = self.write_list("urls.txt", [f"{server.url}/missing.png",
                                            f"{server.url}/silent/a.png"])
        self.job = self.start("-j", 1, "-i", urls, "-o", "out", "-s", "8x",
                              "--allow-loopback")
        self.workers = wait_until(lambda: workers_of(self.job.pid), 10,
                                  "a worker")

    def run_as_both(self, work):
        """Returns (result as its owner, result as nobody)."""
        try:
            ours = work()
        except Exception as error:  # pylint: disable=broad-except
            ours = type(error).__name__
        return ours, as_nobody(work)

    def test_the_socket_hangs_up(self):  # needs: root
        (endpoint,) = set(self.workers.values())
        address = endpoint.removeprefix("ipc://").replace("@", "\0", 1)
        ours, theirs = self.run_as_both(lambda: greet(address))
        self.assertEqual(ours, "an answer")
        self.assertIn(theirs, ("hung up", "ConnectionResetError",
                               "BrokenPipeError"))
        self.assertIsNone(self.job.poll())

    def test_memory_and_descriptors_are_denied(self):  # needs: root
        def read(path):
            with open(path, "rb") as file:
                return str(file.read(1))
        for pid in (self.job.pid, *self.workers):
            for name in ("fd", "map_files"):
                self.assertEqual(
                    as_nobody(lambda: str(os.listdir(f"/proc/{pid}/{name}"))),
                    "PermissionError")
            for name in ("mem", "environ", "maps", "fd/2", "fd/200", "fd/201"):
                self.assertEqual(
                    as_nobody(lambda: read(f"/proc/{pid}/{name}")),
                    "PermissionError", name)

    def test_the_state_is_closed(self):  # needs: root
        state = self.path("out/.thumbmill")

        def make():
            os.mkdir(state + "/x")
            return "made"
        ours, theirs = self.run_as_both(lambda: str(len(os.listdir(state))))
        self.assertGreater(int(ours), 0)
        self.assertEqual(theirs, "PermissionError")
        self.assertEqual(as_nobody(make), "PermissionError")

    def test_signals_are_denied(self):  # needs: root
        for pid in (self.job.pid, *self.workers):
            def send():
                os.kill(pid, signal.SIGTERM)
                return "sent"
            self.assertEqual(as_nobody(send), "PermissionError")

    def test_what_failed_is_not_shown(self):  # needs: root
        wait_until(lambda: records(self.path("out/.thumbmill")), 10,
                   "a failure that is recorded")
        self.job.terminate()
        self.finish(self.job, 143, 15)
        path = self.path("out/.thumbmill/failed.jsonl")

        def read(path):
            with open(path, encoding="utf-8") as file:
                return file.read()
        self.assertEqual(as_nobody(lambda: read(self.path("word"))),
                         "to be read by nobody")
        self.assertIn("missing.png", read(path))
        self.assertEqual(as_nobody(lambda: read(path)), "PermissionError")


if __name__ == "__main__":
    unittest.main()
