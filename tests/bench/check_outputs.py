"""Compares a peer's outputs with their sources: three files for each image,
with the right width and about the right mean colour. Exits 1 and names the
wrong one.

  python check_outputs.py OUT WIDTH,WIDTH,... SOURCE...

A tool may leave turned pictures as they lie (OpenCV does); their widths may
then be those of the lying picture. Means are compared on white.
"""

import os
import sys

from PIL import Image, ImageOps, ImageStat

OUT, WIDTHS, *SOURCES = sys.argv[1:]
SIZES = [int(width) for width in WIDTHS.split(",")]
# Largest difference of a mean, of 255 levels. It allows for colours that a tool
# does not convert.
MEAN_DIFFERENCE = 12
Image.MAX_IMAGE_PIXELS = None


def means(image):
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return ImageStat.Stat(image.convert("RGB").resize((16, 16),
                          Image.Resampling.BOX)).mean


def source_means(path):
    image = Image.open(path)
    image.draft("RGB", (64, 64))
    return means(ImageOps.exif_transpose(image))


def output_name(source, width):
    """Returns the name. Ours sanitises nothing in these names, so all tools use
    the same."""
    stem, ext = os.path.splitext(os.path.basename(source))
    return os.path.join(OUT, f"{stem}_{width}{ext}")


def complaints(source, expected):
    with Image.open(source) as image:
        sides = image.size
    for width in SIZES:
        name = output_name(source, width)
        try:
            image = Image.open(name)
            image.load()
        except OSError as error:
            yield f"{name}: {error}"
            continue
        if image.size[0] != min(width, sides[0]):
            yield f"{name}: {image.size[0]} wide"
        difference = max(abs(a - b)
                         for a, b in zip(means(image), expected))
        if difference > MEAN_DIFFERENCE:
            yield f"{name}: mean colour differs by {difference:.1f}"


def main():
    found = [text for source in SOURCES
             for text in complaints(source, source_means(source))]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
