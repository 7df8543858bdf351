"""The sets of pictures: what is in them and where they come from.

Each is made once, in build/bench-sets, from the corpus and from Debian's
wallpaper packages (downloaded by apt-get and unpacked, not installed).
"""

import csv
import glob
import os
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass, field

from benchmark.measure import ROOT

FOLDER = os.path.join(ROOT, "build/bench-sets")
PACKAGES = ("plasma-workspace-wallpapers", "mate-backgrounds",
            "ukui-wallpapers", "lomiri-wallpapers-16.04",
            "lomiri-wallpapers-20.04", "lxqt-themes", "sway-backgrounds",
            "gnome-backgrounds")
LEAST, MOST = 3e6, 25e6  # pixels of a large picture


@dataclass
class Picture:
    path: str
    kind: str  # baseline, progressive, png, webp; empty: none of them
    width: int = 0
    height: int = 0

    @property
    def pixels(self):
        return self.width * self.height


@dataclass
class Set:
    name: str
    title: str
    made: str  # how
    pictures: list = field(default_factory=list)

    @property
    def paths(self):
        return [picture.path for picture in self.pictures]

    def describe(self):
        pixels = sum(picture.pixels for picture in self.pictures) / 1e6
        size = sum(map(os.path.getsize, self.paths)) / 1e6
        return (f"{len(self.pictures)} files, {pixels:.0f} MP and {size:.1f} "
                f"MB together. {self.made}")


# ---- headers ----

def inspect(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\xff\xd8":
        return inspect_jpeg(path, data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return Picture(path, "png", *struct.unpack(">II", data[16:24]))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return inspect_webp(path, data)
    return Picture(path, "")


def inspect_jpeg(path, data):
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in (0xC0, 0xC1, 0xC2):
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            kind = "progressive" if marker == 0xC2 else "baseline"
            return Picture(path, kind, width, height)
        at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
    return Picture(path, "")


def inspect_webp(path, data):
    chunk = data[12:16]
    if chunk == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return Picture(path, "webp", width & 0x3FFF, height & 0x3FFF)
    if chunk == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return Picture(path, "webp", (bits & 0x3FFF) + 1,
                       (bits >> 14 & 0x3FFF) + 1)
    return Picture(path, "webp", int.from_bytes(data[24:27], "little") + 1,
                   int.from_bytes(data[27:30], "little") + 1)


# ---- sources ----

def corpus():
    """Its folder, or None."""
    path = os.environ.get("THUMBMILL_CORPUS",
                          os.path.join(ROOT, "../shared/corpus"))
    path = os.path.realpath(path)
    return path if os.path.exists(os.path.join(path, "MANIFEST.tsv")) else None


def manifest():
    with open(os.path.join(corpus(), "MANIFEST.tsv"), encoding="utf-8",
              newline="") as file:
        return list(csv.DictReader(file, delimiter="\t",
                                   quoting=csv.QUOTE_NONE))


def photographs():
    """(paths, where they come from): of the corpus, else the samples."""
    if corpus():
        return [os.path.join(corpus(), row["path"]) for row in manifest()
                if row["category"].startswith("photos")], "the corpus"
    folder = os.path.join(ROOT, "tests/data/samples")
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))
            if name.endswith((".jpg", ".png"))], "the samples"


def unpack(package):
    """The files of a Debian package."""
    folder = os.path.join(FOLDER, "packages", package)
    if not os.path.isdir(folder):
        parent = os.path.dirname(folder)
        os.makedirs(parent, exist_ok=True)
        if not glob.glob(os.path.join(parent, package + "_*.deb")):
            subprocess.run(["apt-get", "-q", "download", package], cwd=parent,
                           check=True, stdout=sys.stderr)
        part = folder + ".part"
        shutil.rmtree(part, ignore_errors=True)
        subprocess.run(["dpkg-deb", "-x",
                        glob.glob(os.path.join(parent, package + "_*.deb"))[0],
                        part], check=True)
        os.rename(part, folder)
    return sorted(os.path.join(parent, name)
                  for parent, _, names in os.walk(folder) for name in names
                  if not os.path.islink(os.path.join(parent, name)))


def wallpapers(kind):
    """(package, picture) of each large one of this kind."""
    for package in PACKAGES:
        for path in unpack(package):
            if not path.lower().endswith((".jpg", ".jpeg", ".png", ".webp")):
                continue
            picture = inspect(path)
            if picture.kind == kind and LEAST <= picture.pixels <= MOST:
                yield package, picture


def own_name(package, path):
    """Wallpapers are often called 2560x1600.jpg in a folder that has the name.
    """
    stem, ext = os.path.splitext(os.path.basename(path))
    if stem[:1].isdigit() and "contents/images" in path:
        stem = path.split("/contents/")[0].split("/")[-1] + "_" + (
            "dark_" if "images_dark" in path else "") + stem
    return f"{package.split('-')[0]}_{stem}{ext.lower()}"


# ---- the sets ----

def make_seed(folder):
    for row in manifest():
        if row["path"].startswith("photos/seed/"):
            shutil.copyfile(os.path.join(corpus(), row["path"]),
                            os.path.join(folder, os.path.basename(row["path"])))


def make_wallpapers(kind):
    def make(folder):
        for package, picture in wallpapers(kind):
            shutil.copyfile(picture.path, os.path.join(
                folder, own_name(package, picture.path)))
    return make


def make_webp(folder):
    make_wallpapers("webp")(folder)
    for package, picture in wallpapers("progressive"):
        if package.startswith("lomiri"):
            name = os.path.splitext(own_name(package, picture.path))[0]
            subprocess.run(["cwebp", "-quiet", "-q", "80", picture.path, "-o",
                            os.path.join(folder, name + "_q80.webp")],
                           check=True)
    for row in manifest():
        path = os.path.join(corpus(), row["path"])
        # Without profiles that not every peer converts.
        if (row["category"] == "webp" and inspect(path).pixels > 4e5 and
                "ICC" not in row["details"]):
            shutil.copyfile(path, os.path.join(
                folder, "corpus_" + os.path.basename(path)))


WALLPAPERS = ("All such files of 3 to 25 MP, unchanged, of Debian's packages " +
              ", ".join(PACKAGES) + ".")
SETS = {
    "seed": ("Seed photographs", make_seed,
             "Flickr photographs of 0.3 to 3 MP: photos/seed of the corpus."),
    "baseline": ("Large baseline JPEG", make_wallpapers("baseline"),
                 WALLPAPERS),
    "progressive": ("Large progressive JPEG", make_wallpapers("progressive"),
                    WALLPAPERS),
    "png": ("Large PNG", make_wallpapers("png"), WALLPAPERS),
    "webp": ("WebP", make_webp,
             "14 drawings of gnome-backgrounds (16.8 MP, lossy, unchanged), "
             "the photographs of the lomiri packages, converted to WebP by "
             "`cwebp -q 80`, and the WebP files of the corpus above 0.4 MP "
             "without a profile."),
}


def get(name, at_most=None):
    """A set, made if need be; None: the corpus is needed and not there."""
    title, make, made = SETS[name]
    folder = os.path.join(FOLDER, name)
    if not os.path.isdir(folder):
        if name in ("seed", "webp") and not corpus():
            return None
        part = folder + ".part"
        shutil.rmtree(part, ignore_errors=True)
        os.makedirs(part)
        make(part)
        os.rename(part, folder)
    pictures = [inspect(os.path.join(folder, each))
                for each in sorted(os.listdir(folder))]
    return Set(name, title, made, pictures[:at_most])
