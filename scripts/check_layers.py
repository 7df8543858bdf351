"""Holds the #includes against the architecture: prints what points the wrong
way, exits 1 if anything does.

common <- proto <- worker <- coordinator; the coordinator sees one header of
the worker; inside of these, folders stand on floors and include from lower
floors only; each third-party library is visible in one folder.
"""

import os
import re
import sys

# A folder may include from those that it names (and from itself).
MAY_INCLUDE = {
    "common": (),
    "proto": ("common",),
    "worker": ("common", "proto"),
    "coordinator": ("common", "proto"),
}
# The floors of each layer, from the roof down. A file may include from its own
# folder and from lower floors, never from its own floor or above.
FLOORS = {
    "common": (("common/shm",), ("common",)),
    "worker": (
        ("worker",),
        ("worker/image", "worker/sandbox"),
        ("worker/image/codec",),
        ("worker/image/colour",),
        ("worker/image/resample",),
        ("worker/image/header",),
        ("worker/image/picture",),
    ),
    "coordinator": (
        ("coordinator",),
        ("coordinator/compare", "coordinator/start"),
        ("coordinator/view",),
        ("coordinator/engine",),
        ("coordinator/cli",),
        ("coordinator/source", "coordinator/exec", "coordinator/sink",
         "coordinator/journal"),
        ("coordinator/pool", "coordinator/net"),
        ("coordinator/stats", "coordinator/loop"),
    ),
}
# The worker's one face to the coordinator.
FACADE = "worker/thumbnailer.h"

# Headers of a library -> the only places where they may appear: folders, or
# files, or files by the beginning of their names.
LIBRARIES = {
    r"zmq(_addon)?\.hpp|zmq\.h": ("proto/",),
    r".*\.pb\.h|google/protobuf/.*": ("proto/",),
    r"curl/.*": ("coordinator/net/",),
    r"boost/process.*": ("coordinator/pool/",),
    r"sqlite3\.h": ("coordinator/journal/",),
    r"jpeglib\.h|jerror\.h|png\.h|webp/.*|gif_lib\.h|avif/.*": ("worker/image/codec/",),
    r"zlib\.h": ("worker/image/codec/", "coordinator/source/",
                  "coordinator/net/"),
    r"isa-l/.*": ("worker/image/codec/",),
    r"hwy/.*": ("worker/image/resample/",),
    r"lcms2\.h": ("worker/image/",),
    r"seccomp\.h": ("worker/",),
    r"CLI/.*": ("coordinator/cli/flag_table.cc", "worker/"),
    r"spdlog/.*": ("common/",),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def sources(root):
    for layer in MAY_INCLUDE:
        for folder, _, names in os.walk(os.path.join(root, layer)):
            for name in sorted(names):
                if name.endswith((".h", ".cc")):
                    path = os.path.join(folder, name)
                    yield os.path.relpath(path, root)


def complaint(path, header):
    layer, target = path.split("/")[0], header.split("/")[0]
    if target in MAY_INCLUDE and target != layer:
        facade = layer == "coordinator" and header == FACADE
        if target not in MAY_INCLUDE[layer] and not facade:
            return f"{layer}/ may not include {header}"
    return upward(path, header) or foreign(path, header)


def floor(layer, folder):
    """Counted from the roof; None: no such folder."""
    for number, folders in enumerate(FLOORS.get(layer, ())):
        if folder in folders:
            return number
    return None


def upward(path, header):
    """An arrow between folders of one layer that does not point down."""
    layer, here, there = (path.split("/")[0], os.path.dirname(path),
                          os.path.dirname(header))
    if layer not in FLOORS or here == there or header.split("/")[0] != layer:
        return None
    mine, other = floor(layer, here), floor(layer, there)
    if mine is None or other is None:
        return f"{here if mine is None else there}/ has no floor: see FLOORS"
    if other <= mine:
        return f"{here}/ may not include {header}: the floors go down"
    return None


def foreign(path, header):
    """A library's header outside of the places where it may be seen."""
    for pattern, places in LIBRARIES.items():
        if re.fullmatch(pattern, header) and not path.startswith(places):
            return f"{header} belongs in {' or '.join(places)} only"
    return None


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    wrong, files = [], 0
    for path in sources(root):
        files += 1
        with open(os.path.join(root, path), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                match = INCLUDE.match(line)
                problem = match and complaint(path, match.group(1))
                if problem:
                    wrong.append(f"{path}:{number}: {problem}")
    print("\n".join(wrong) if wrong else f"{files} files keep the layers")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
