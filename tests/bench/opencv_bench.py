"""A peer that scripts/bench measures against: OpenCV as img2dataset calls it,
from disk to disk.

It calls imdecode() on the file's bytes, unchanged, in one thread; resize() with
INTER_AREA from the full picture; imencode(). img2dataset makes one size in a
run; here one decode serves all sizes, and alpha is kept. It does not turn
pictures upright.

  python opencv_bench.py OUT PROCESSES WIDTH,WIDTH,... FILE...

It prints the seconds from the first file to the last, without the start of the
interpreters.
"""

import multiprocessing
import os
import sys
import time

import cv2
import numpy

OUT, PROCESSES, WIDTHS, *FILES = sys.argv[1:]
SIZES = sorted(map(int, WIDTHS.split(",")), reverse=True)
OPTIONS = {
    ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 80],
    ".webp": [cv2.IMWRITE_WEBP_QUALITY, 80],
    ".png": [],
}


def thumbnails(path):
    cv2.setNumThreads(1)
    name, ext = os.path.splitext(os.path.basename(path))
    with open(path, "rb") as file:
        data = numpy.frombuffer(file.read(), numpy.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    height, width = image.shape[:2]
    for wanted in SIZES:
        small = image
        if wanted < width:
            rows = max(1, int(height * wanted / width + 0.5))
            small = cv2.resize(image, (wanted, rows),
                               interpolation=cv2.INTER_AREA)
        encoded = cv2.imencode(ext, small, OPTIONS[ext])[1]
        with open(os.path.join(OUT, f"{name}_{wanted}{ext}"), "wb") as file:
            file.write(encoded.tobytes())


def main():
    with multiprocessing.Pool(int(PROCESSES)) as pool:
        pool.map(abs, range(int(PROCESSES) * 8))  # waits for all of them
        start = time.perf_counter()
        for _ in pool.imap_unordered(thumbnails, FILES):
            pass
        print(f"seconds {time.perf_counter() - start:.4f}")


if __name__ == "__main__":
    main()
