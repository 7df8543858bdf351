"""The peers: how to get each, its version, and the command that does the job.

Each runs at its best documented setting on two cores, and the fastest
parallelism that was found: sharp with three images at once and one libvips
thread each (2 to 4 images and 1 or 2 threads were tried), the others with two
processes of one thread.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from benchmark.measure import PROGRAMS, ROOT, Run, WORKERS

SHARP = os.path.join(ROOT, "build/bench-sharp")
VENV = os.path.join(ROOT, "build/bench-peers")
PYTHON = os.path.join(VENV, "bin/python")
SHARP_PARALLEL = 3


@dataclass
class Peer:
    name: str
    command: list  # OUT PARALLEL WIDTHS FILE... follow
    parallel: int = WORKERS
    env: dict = None

    def run(self, files, output, widths):
        return Run([*self.command, output, str(self.parallel), widths, *files],
                   env={**os.environ, **(self.env or {})})


def install_packages():
    """Debian's: what is missing of the group `bench`, and npm."""
    groups = ["bench"] + (
        [] if shutil.which("node") and shutil.which("npm") else ["npm"])
    script = os.path.join(ROOT, "scripts/packages.sh")
    done = subprocess.run(
        ["bash", "-c", f". '{script}'; install_packages {' '.join(groups)}"],
        check=False)
    if done.returncode:
        print("some of Debian's packages are missing", file=sys.stderr)


def install_sharp():
    """Its version; None if npm cannot."""
    if not shutil.which("npm") or not shutil.which("node"):
        return None
    installed = os.path.join(SHARP, "node_modules/sharp/package.json")
    os.makedirs(SHARP, exist_ok=True)
    subprocess.run(
        ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--silent",
         "--prefix", SHARP, "sharp@latest"], stdout=subprocess.DEVNULL,
        check=False)
    if not os.path.exists(installed):
        return None
    return subprocess.run(["node", "-p", f"require('{installed}').version"],
                          capture_output=True, text=True,
                          check=True).stdout.strip()


def install_python_peers():
    """{name: version} of Pillow and OpenCV in a venv; empty if pip cannot."""
    if not os.path.exists(PYTHON):
        subprocess.run(["/usr/bin/python3", "-m", "venv", VENV], check=False,
                       stdout=sys.stderr)
    subprocess.run([PYTHON, "-m", "pip", "install", "-q", "--upgrade",
                    "--disable-pip-version-check", "pillow", "numpy",
                    "opencv-python-headless"], check=False, stdout=sys.stderr)
    code = ("import importlib.metadata as m\n"
            "for n in ('pillow', 'opencv-python-headless'):\n"
            "  print(m.version(n))")
    done = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        return {}
    pillow, opencv = done.stdout.split()
    return {"Pillow": pillow, "OpenCV": opencv}


def vips_version():
    if not shutil.which("vipsthumbnail"):
        return None
    return subprocess.run(["vipsthumbnail", "--vips-version"], check=True,
                          capture_output=True, text=True).stdout.split()[-1]


class Peers:
    """All that can be had here."""

    def __init__(self):
        install_packages()
        self.all = []
        self.missing = []
        self.sharp = install_sharp()
        self.python = install_python_peers()
        self.add_sharp()
        self.add_vips()
        self.add_python()
        for name in self.missing:
            print(f"no {name} here: its rows are left out", file=sys.stderr)

    def add_sharp(self):
        if not self.sharp:
            self.missing.append("sharp")
            return
        for variant, text in (("raw", "one decode shared"),
                              ("clone", "clone() for each size"),
                              ("pipelines", "three pipelines")):
            self.all.append(Peer(
                f"sharp {self.sharp}, {text}",
                ["node", os.path.join(PROGRAMS, "sharp_bench.mjs"), variant],
                SHARP_PARALLEL, {"SHARP_FROM": SHARP}))

    def add_vips(self):
        version = vips_version()
        if not version:
            self.missing.append("vipsthumbnail")
            return
        self.all.append(Peer(f"vipsthumbnail {version}, a call for each size",
                             [os.path.join(PROGRAMS, "vips_bench.sh")]))

    def add_python(self):
        if not self.python:
            self.missing.append("Pillow and OpenCV")
            return
        self.all.append(Peer(f"Pillow {self.python['Pillow']}, draft()",
                             [PYTHON, os.path.join(PROGRAMS,
                                                   "pillow_bench.py")]))
        self.all.append(Peer(f"OpenCV {self.python['OpenCV']} as img2dataset "
                             "calls it",
                             [PYTHON, os.path.join(PROGRAMS,
                                                   "opencv_bench.py")]))
