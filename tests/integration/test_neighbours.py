"""Other processes of the same user, who may reach the coordinator's socket.
test_other_user.py tests other users."""

import os
import re
import socket
import struct
import unittest

from battery import sockets, workers_of
from harness import ProgramCase, sample_names, tree, wait_until

GREETING = (b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") +
            b"\0" + bytes(31))


def property_of(name, value):
    return (bytes([len(name)]) + name + struct.pack(">I", len(value)) + value)


def introduction(peer):
    """Returns the first bytes of a DEALER with this routing id."""
    body = (b"\x05READY" + property_of(b"Socket-Type", b"DEALER") +
            property_of(b"Identity", peer))
    return b"\x04" + bytes([len(body)]) + body


def frame(body):
    return b"\x02" + struct.pack(">Q", len(body)) + body


def connect(name):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(5)
    peer.connect("\0" + name.lstrip("@"))
    return peer


MESSAGES = (b"", b"what?", b"TM\x01\x01", b"TM\x01\x04" + bytes(64),
            b"TM\x63\x01", b"TM\x01\x07", b"TM\x01\x02", b"\0" * 70_000)

class Neighbours(ProgramCase):
    def start_job(self):
        """Starts a run that takes some seconds; returns once it has two
        workers."""
        run = self.start("-j", 2, "-i", self.make_photos(copies=12), "-o",
                         "out", "-s", "200x,64x")
        self.workers = wait_until(
            lambda: len(workers_of(run.pid)) == 2 and workers_of(run.pid), 10,
            "two workers")
        self.name = next(iter(self.workers.values())).partition("//")[2]
        self.assertIn(self.name, sockets())
        return run

    def assert_unharmed(self, run, lost=0):
        done = self.finish(run, 0)
        report = self.report()
        self.assertLessEqual(report["workers_lost"], lost, done.err)
        self.assertEqual(report["counts"]["done"],
                         len(os.listdir(self.path("photos"))) *
                         len(sample_names()))
        self.run_coordinator("-j", 2, "-i", self.path("photos/0"), "-o",
                             "undisturbed", "-s", "200x,64x")
        expected = tree(self.path("undisturbed"))
        for copy in os.listdir(self.path("photos")):
            self.assertEqual(tree(self.path("out", copy)), expected)

    def peer_ids(self):
        found = []
        for pid in self.workers:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                found.append(re.search(rb"--peer=([0-9a-f]+)",
                                       file.read()).group(1))
        return found

    def speak_as(self, run, peer_ids):
        for peer_id in peer_ids:
            for message in MESSAGES:
                peer = connect(self.name)
                self.addCleanup(peer.close)
                peer.send(GREETING)
                # The coordinator takes it for a peer.
                with peer.makefile("rb") as file:
                    self.assertIn(b"ROUTER", file.read(64 + 43))
                peer.send(introduction(peer_id) + frame(message) * 3)
        self.assertIsNone(run.poll(), "the run was too short")

    def test_strangers_of_the_same_user_are_not_heeded(self):
        run = self.start_job()
        self.speak_as(run, [b"stranger", b"", self.peer_ids()[0][:-1]])
        self.assert_unharmed(run)

    def test_who_takes_a_workers_name_costs_that_worker_only(self):
        run = self.start_job()
        self.speak_as(run, self.peer_ids())
        self.assert_unharmed(run, lost=2)

    def test_garbage_below_zeromq_is_not_heeded(self):
        run = self.start_job()
        for garbage in (b"", b"\xff", b"\0" * 100, b"\xff" * 100_000,
                        b"GET / HTTP/1.1\r\n\r\n", GREETING[:11],
                        GREETING, GREETING + b"\xff" * 1000,
                        GREETING + frame(b"\0" * 10),
                        GREETING + b"\x02" + b"\x7f" + b"\xff" * 7,
                        GREETING.replace(b"NULL", b"EVIL")):
            for _ in range(5):
                peer = connect(self.name)
                self.addCleanup(peer.close)
                try:
                    peer.setblocking(False)
                    peer.send(garbage)
                except OSError:
                    pass  # the coordinator has closed already
        self.assertIsNone(run.poll(), "the run was too short")
        self.assert_unharmed(run)


if __name__ == "__main__":
    unittest.main()
