"""A peer that scripts/bench measures against: Pillow, from disk to disk.

It decodes each image once: thumbnail() with its default reducing_gap of 2,
which lets draft() decode a JPEG at a fraction of its size. It makes the smaller
sizes from the largest. It uses processes, since threads would wait for each
other.

  python pillow_bench.py OUT PROCESSES WIDTH,WIDTH,... FILE...

It prints the seconds from the first file to the last, without the start of the
interpreters.
"""

import multiprocessing
import os
import sys
import time

from PIL import Image, ImageOps

OUT, PROCESSES, WIDTHS, *FILES = sys.argv[1:]
SIZES = sorted(map(int, WIDTHS.split(",")), reverse=True)
Image.MAX_IMAGE_PIXELS = None
LYING = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def shrink(image, width, lying=False):
    stored = image.size[1] if lying else image.size[0]
    if stored <= width:
        return
    # A box that only the width limits.
    box = (1 << 20, width) if lying else (width, 1 << 20)
    image.thumbnail(box, Image.Resampling.LANCZOS)


def open_small(path):
    """Returns the upright image, decoded for and reduced to the largest
    size."""
    image = Image.open(path)
    if image.format == "JPEG":
        lying = image.getexif().get(0x0112) in LYING
        shrink(image, SIZES[0], lying)
        return ImageOps.exif_transpose(image)
    if image.mode not in ("RGB", "RGBA", "L", "LA"):
        image = image.convert("RGBA")
    image = ImageOps.exif_transpose(image)
    shrink(image, SIZES[0])
    return image


def thumbnails(path):
    name, ext = os.path.splitext(os.path.basename(path))
    image = open_small(path)
    for width in SIZES:
        shrink(image, width)
        options = {} if ext == ".png" else {"quality": 80}
        image.save(os.path.join(OUT, f"{name}_{width}{ext}"), **options)


def main():
    with multiprocessing.Pool(int(PROCESSES)) as pool:
        pool.map(abs, range(int(PROCESSES) * 8))  # waits for all of them
        start = time.perf_counter()
        for _ in pool.imap_unordered(thumbnails, FILES):
            pass
        print(f"seconds {time.perf_counter() - start:.4f}")


if __name__ == "__main__":
    main()
