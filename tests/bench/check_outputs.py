"""Holds a peer's outputs against their sources: three files an image, of the
right width, of about the right mean colour. Exits 1 and says which is not.

  python check_outputs.py OUT WIDTH,WIDTH,... SOURCE...

Turned pictures may have been left as they lie (OpenCV does): their widths may
then be those of the lying picture. Means are compared on white.
"""

import os
import sys

from PIL import Image, ImageOps, ImageStat

OUT, WIDTHS, *SOURCES = sys.argv[1:]
SIZES = [int(width) for width in WIDTHS.split(",")]
# Of 255. Wide enough for colours that a tool does not convert.
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
    """Ours sanitises nothing of these names, so all tools name alike."""
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
