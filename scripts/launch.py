"""The second half of scripts/run: starts the coordinator on what was typed.

Adds the defaults that scripts/run promises, serves the samples while the
coordinator runs, says at the end where the thumbnails are. Its exit code is
the coordinator's.
"""

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import tempfile

from nginx_server import PR_SET_PDEATHSIG, NginxServer

INPUT = ("-i", "--input", "--url-list")
OUTPUT = ("-o", "--output", "--output-folder")
SIZE = ("-s", "--size", "--preset", "--image-size")
WORKERS = ("-j", "--workers", "--processes-count")
IMAGES = (".jpg", ".jpeg", ".png")
SIGNALS = {signal.SIGCHLD, signal.SIGINT, signal.SIGTERM}
SI_USER = 0  # sent by kill(2), not by the terminal


def value_of(arguments, names):
    """The last value typed for one of `names`; None when there is none."""
    value = None
    for i, argument in enumerate(arguments):
        flag, equals, rest = argument.partition("=")
        flag = flag.replace("_", "-") if flag.startswith("--") else flag
        if flag in names and equals:
            value = rest
        elif flag in names:
            value = arguments[i + 1] if i + 1 < len(arguments) else ""
        elif not argument.startswith("--") and argument[:2] in names:
            value = argument[2:]
    return value


def run(command):
    """Runs `command` as if it were this process: signals reach it once."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

    def in_child():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    child = subprocess.Popen(command, preexec_fn=in_child)
    while child.poll() is None:
        got = signal.sigtimedwait(SIGNALS, 1)
        # The terminal sends Ctrl-C to the child too; kill(2) only to us.
        if got and got.si_signo != signal.SIGCHLD and got.si_code == SI_USER:
            child.send_signal(got.si_signo)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def recall(memory):
    try:
        with open(memory, encoding="utf-8") as file:
            return int(file.read())
    except (FileNotFoundError, ValueError):
        return 0


def run_on_samples(command, root):
    samples = os.path.join(root, "tests/data/samples")
    # An image is known by its URL: the same port again, if it is free, so that
    # a second run finds the first one's work.
    memory = os.path.join(root, "build/samples.port")
    with NginxServer(samples, port=recall(memory)) as server, \
            tempfile.NamedTemporaryFile(
                "w", prefix="thumbmill-", suffix=".txt") as urls:
        os.makedirs(os.path.dirname(memory), exist_ok=True)
        with open(memory, "w", encoding="utf-8") as file:
            file.write(str(server.port))
        for name in sorted(os.listdir(samples)):
            if name.endswith(IMAGES):
                urls.write(f"{server.url}/{name}\n")
        urls.flush()
        return run(command + ["-i", urls.name, "--allow-loopback"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--coordinator", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("typed", nargs="*")
    options = parser.parse_args()
    typed = options.typed
    command = [options.coordinator] + typed
    if any(word in typed for word in ("-h", "--help", "--version")):
        return run(command)

    if value_of(typed, WORKERS) is None:
        command += ["--workers", str(len(os.sched_getaffinity(0)))]
    if value_of(typed, SIZE) is None:
        command += ["-s", "200x,64x,32x"]
    output = value_of(typed, OUTPUT)
    if output is None:
        output = os.path.join(options.root, "out")
        command += ["-o", output]

    first = typed[1:2] if typed[:1] == ["run"] else typed[:1]
    positional = bool(first) and not first[0].startswith("-")
    if positional or value_of(typed, INPUT) is not None:
        code = run(command)
    else:
        code = run_on_samples(command, options.root)

    if code != 1 and "--dry-run" not in typed and ":" not in output:
        # Where the report is the coordinator has just said itself.
        print(f"thumbnails: {output}")
    return code


if __name__ == "__main__":
    sys.exit(main())
