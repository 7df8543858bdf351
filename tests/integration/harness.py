"""Common parts of the tests of the real programs: a folder for each test, a
run, readers of its results.

THUMBMILL_BIN is the build folder that holds coordinator/ and worker/.
"""

import collections
import functools
import hashlib
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
sys.dont_write_bytecode = True

from memory_watch import MemoryWatch  # noqa: E402
from nginx_server import NginxServer, die_with_parent  # noqa: E402

COORDINATOR = os.path.join(os.environ["THUMBMILL_BIN"],
                           "coordinator/coordinator")
WORKER = os.path.join(os.environ["THUMBMILL_BIN"], "worker/worker")
SAMPLES = os.path.join(ROOT, "tests/data/samples")

Finished = collections.namedtuple("Finished", "code out err")


def has_symbol(name):
    with open(COORDINATOR, "rb") as program:
        return name in program.read()


@functools.cache
def is_sanitized():
    """Returns whether the programs have a sanitizer; their workers then use no
    sandbox."""
    return has_symbol(b"__asan_init") or has_symbol(b"__tsan_init")


# ThreadSanitizer makes decoding ten times as slow, so tests then use fewer
# photographs, by this factor.
FEWER = 10 if has_symbol(b"__tsan_init") else 1


# ---- pictures ---------------------------------------------------------------

def png(width, height, seed=0):
    """Returns an RGB PNG whose pixels depend on `seed`: a gradient with some
    noise."""
    noise = random.Random(seed)
    shift = noise.randrange(256)
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            rows += bytes(((x * 3 + shift) & 255, (y * 5 + shift) & 255,
                           noise.randrange(256)))
    return png_of(width, height, zlib.compress(bytes(rows)))


def png_of(width, height, compressed, colour_type=2):
    """Returns a PNG (RGB by default) with these bytes in place of its
    pixels."""

    def chunk(kind, body):
        return (struct.pack(">I", len(body)) + kind + body +
                struct.pack(">I", zlib.crc32(kind + body)))
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
            chunk(b"IDAT", compressed) + chunk(b"IEND", b""))


def sample(name):
    with open(os.path.join(SAMPLES, name), "rb") as file:
        return file.read()


def sample_names():
    return sorted(name for name in os.listdir(SAMPLES)
                  if name.endswith((".jpg", ".png")))


def start_of_frame(jpeg):
    """Returns the offset of the segment that holds a JPEG's height and
    width."""
    at = 2
    while True:
        if jpeg[at] != 0xFF:
            raise ValueError("not at a marker")
        marker = jpeg[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return at
        at += 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]


def image_size(data):
    """Returns (format, width, height) from the bytes, as stored."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return ("png",) + struct.unpack(">II", data[16:24])
    if data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9":
        at = start_of_frame(data)
        height, width = struct.unpack(">HH", data[at + 5:at + 9])
        return "jpg", width, height
    raise ValueError("neither a whole JPEG nor a PNG")


def with_jpeg_size(jpeg, width, height):
    at = start_of_frame(jpeg)
    return (jpeg[:at + 5] + struct.pack(">HH", height, width) +
            jpeg[at + 9:])


# ---- processes and files ----

def children(pid):
    """Returns the child processes of `pid` that are no zombies. Tests ask
    often, so it uses the kernel's list of children if there is one."""
    if not os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
        return children_among_all(pid)
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children",
                      encoding="utf-8") as file:
                found += map(int, file.read().split())
    except OSError:  # the process, or one of its threads, has just ended
        pass
    return [each for each in found if alive(each)]


def children_among_all(pid):
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(name))
    return found


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s: {what}")


def tree(folder):
    """Returns {relative path: SHA-256} without the state folder."""
    found = {}
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".thumbmill"]
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
            found[os.path.relpath(path, folder)] = digest
    return found


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_jsonl(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class ProgramCase(unittest.TestCase):
    """Gives each test an empty folder; a program that it leaves running is an
    error."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="thumbmill-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.shared_before = set(os.listdir("/dev/shm"))
        self.started = []
        self.memory = MemoryWatch()
        self.addCleanup(self.memory.check)
        self.addCleanup(self._stop_all)

    def _stop_all(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def watch_memory(self, process, arguments):
        """Watches the memory, except under a sanitizer, whose shadow memory is
        private too."""
        if arguments[:1] != ["compare"] and not is_sanitized():
            self.memory.add(process.pid, arguments)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, data):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb" if isinstance(data, bytes) else "w") as file:
            file.write(data)
        return path

    def write_list(self, name, lines):
        return self.write(name, "".join(f"{line}\n" for line in lines))

    def start(self, *arguments, **options):
        process = self.popen(arguments, **options)
        self.watch_memory(process, list(arguments))
        return process

    def popen(self, arguments, **options):
        process = subprocess.Popen(
            [COORDINATOR, *map(str, arguments)],
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
               "stderr": subprocess.PIPE, "cwd": self.dir,
               "preexec_fn": die_with_parent, **options})
        self.started.append(process)
        return process

    def finish(self, process, code, timeout=120, stdin=None):
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"still running after {timeout} s\n"
                      f"{err.decode(errors='replace')}")
        done = Finished(process.returncode,
                        (out or b"").decode(errors="replace"),
                        (err or b"").decode(errors="replace"))
        if code is not None:
            self.assertEqual(done.code, code, f"\n{done.out}\n{done.err}")
        return done

    def run_coordinator(self, *arguments, code=0, timeout=120, stdin=None):
        options = {} if stdin is None else {"stdin": subprocess.PIPE}
        return self.finish(self.start(*arguments, **options), code, timeout,
                           stdin)

    def report(self, output="out"):
        return read_json(self.path(output, ".thumbmill/report.json"))

    def failed(self, output="out"):
        """Returns {url: record} of failed.jsonl."""
        records = read_jsonl(self.path(output, ".thumbmill/failed.jsonl"))
        self.assertEqual(len({record["url"] for record in records}),
                         len(records), "an item failed twice")
        return {record["url"]: record for record in records}

    def image(self, *parts):
        with open(self.path(*parts), "rb") as file:
            return image_size(file.read())

    def assert_nothing_left(self, workers=()):
        for pid in workers:
            wait_until(lambda: not alive(pid), 2, f"worker {pid} is gone")
        self.assertEqual(set(os.listdir("/dev/shm")) - self.shared_before,
                         set())

    def make_photos(self, folder="photos", copies=1):
        """Copies the samples `copies` times, each time into a folder of its
        own."""
        for copy in range(copies):
            os.makedirs(self.path(folder, str(copy)))
            for name in sample_names():
                shutil.copy(os.path.join(SAMPLES, name),
                            self.path(folder, str(copy), name))
        return self.path(folder)

    def make_pngs(self, count, folder="pngs", width=40, height=30):
        for i in range(count):
            self.write(f"{folder}/{i:04}.png", png(width, height, i))
        return self.path(folder)


# ---- the origin ----

LUA = ("ndk_http_module", "ngx_http_lua_module")

# Faults that a server can have. Each name ends like an image's.
MISBEHAVIOUR = """
location ~ ^/500/ { return 500; }
location ~ ^/flaky/(?<n>[0-9]+)/(?<rest>.*)$ {
  rewrite_by_lua_block {
    local tries = ngx.shared.counters:incr(ngx.var.uri, 1, 0)
    if tries <= tonumber(ngx.var.n) then return ngx.exit(500) end
    return ngx.exec("/" .. ngx.var.rest)
  }
}
location ~ ^/slow/ {
  content_by_lua_block {
    for i = 1, 600 do
      if not ngx.print("x") or not ngx.flush(true) then return end
      ngx.sleep(0.1)
    end
  }
}
location ~ ^/silent/ { content_by_lua_block { ngx.sleep(60) } }
location ~ ^/late/(?<rest>.*)$ {
  rewrite_by_lua_block {
    ngx.sleep(0.3)
    return ngx.exec("/" .. ngx.var.rest)
  }
}
location ~ ^/endless/(?<kind>[a-z]+)/ {
  content_by_lua_block {
    if ngx.var.kind == "jpeg" then ngx.print("\\xff\\xd8\\xff") end
    local chunk = string.rep("x", 65536)
    while ngx.print(chunk) and ngx.flush(true) do end
  }
}
location ~ ^/short/ {
  content_by_lua_block {
    ngx.header.content_length = 100000
    ngx.print("\\xff\\xd8\\xff", string.rep("s", 5000))
    ngx.flush(true)
    ngx.exit(ngx.ERROR)
  }
}
location ~ ^/many/[0-9]+\\.png$ { try_files /good.png =404; }
"""


def origin(www, server=""):
    return NginxServer(www, server=MISBEHAVIOUR + server,
                       http="lua_shared_dict counters 1m;", modules=LUA)


class OriginCase(ProgramCase):
    """Has an origin (`self.server`) that serves www/ and misbehaves on
    demand."""

    def setUp(self):
        super().setUp()
        self.write("www/good.png", png(60, 40))
        self.server = origin(self.path("www"))
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)


class DeadPort:
    """A loopback port where nobody listens and nobody else can start to
    listen."""

    def __enter__(self):
        self._bound = socket.socket()
        self._bound.bind(("127.0.0.1", 0))
        return self._bound.getsockname()[1]

    def __exit__(self, *_):
        self._bound.close()
