"""Writes pictures that are too large to hold as a raster, row by row.

  large_pictures.py png SIDE OUT          SIDE x SIDE, 8-bit RGB
  large_pictures.py progressive SIDE OUT  by cjpeg -progressive -quality 80

The pictures are gradients with a repeating texture, so that the PNG stays far
below 100 MB.
"""

import struct
import subprocess
import sys
import zlib

BLOCK = 64  # rows of the pattern


def rows(side):
    """Yields groups of BLOCK rows of RGB bytes: a texture on a slow
    gradient."""
    for top in range(0, side, BLOCK):
        light = 60 + 130 * top // side
        tile = bytes(min(255, light + (x * 7 + c * 29) % 61)
                     for x in range(256) for c in range(3))
        row = (tile * (side // 256 + 1))[:3 * side]
        for y in range(min(BLOCK, side - top)):
            shift = 3 * (y * 5 % 256)
            yield row[shift:] + row[:shift]


def chunk(kind, data):
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def write_png(side, out):
    with open(out, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(chunk(b"IHDR",
                         struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)))
        packer = zlib.compressobj(1)
        for row in rows(side):
            data = packer.compress(b"\0" + row)
            if data:
                file.write(chunk(b"IDAT", data))
        file.write(chunk(b"IDAT", packer.flush()))
        file.write(chunk(b"IEND", b""))


def write_progressive(side, out):
    with open(out, "wb") as file:
        cjpeg = subprocess.Popen(["cjpeg", "-quality", "80", "-progressive"],
                                 stdin=subprocess.PIPE, stdout=file)
        cjpeg.stdin.write(b"P6 %d %d 255\n" % (side, side))
        for row in rows(side):
            cjpeg.stdin.write(row)
        cjpeg.stdin.close()
        if cjpeg.wait():
            sys.exit("cjpeg failed")


def main():
    kind, side, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    {"png": write_png, "progressive": write_progressive}[kind](side, out)


if __name__ == "__main__":
    main()
