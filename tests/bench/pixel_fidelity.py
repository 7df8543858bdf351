"""Measures how close thumbnails are to the exact result.

The reference is the full picture (decoded by Pillow: libjpeg-turbo's accurate
inverse DCT with smooth chroma), upright. Pillow's Lanczos-3 resizes each
channel as 32-bit floats to the size of the thumbnail; the result is never
rounded, and it is cached.

Reads a JSON object from stdin:
  cache       folder of references
  widths      list of widths
  qualities   qualities of `theirs`
  files       list of {source, stem, ext}
  ours        folder of our STEM_WIDTH.png (before encoding)
  encoded     folder of our STEM_WIDTH.EXT, at quality 80
  theirs      folder of sharp_pixels.mjs
and prints one: {"files": [{stem, why or sizes: {width: figures}}]}. PSNR covers
red, green and blue, at most 60 dB (8-bit rounding alone gives about 59), so
that flat pictures do not decide a mean. SSIM covers luma, with the usual
gaussian window of 11 (sigma 1.5).
"""

import io
import json
import math
import multiprocessing
import os
import sys

import numpy
from PIL import Image, ImageCms, ImageOps

Image.MAX_IMAGE_PIXELS = None
MOST_DB = 60.0
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


# ---- the reference ----

def is_srgb(image):
    icc = image.info.get("icc_profile")
    if not icc:
        return True
    try:
        name = ImageCms.getProfileDescription(
            ImageCms.ImageCmsProfile(io.BytesIO(icc)))
    except ImageCms.PyCMSError:
        return False
    return "sRGB" in name


def open_full(path):
    """Returns (the upright picture in RGB, "") or (None, the reason to leave it
    out)."""
    image = Image.open(path)
    if not is_srgb(image):
        return None, "its profile is not sRGB"
    if image.mode not in ("L", "RGB", "RGBA", "P"):
        return None, f"mode {image.mode}"
    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "P"):
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema()[0] < 255:
            return None, "it is transparent"
    return image.convert("RGB"), ""


class Reference:
    """The reference for one source; decodes only if a size is not cached
    yet."""

    def __init__(self, job, file):
        self.cache = os.path.join(job["cache"], file["stem"])
        self.source = file["source"]
        self.planes = None
        self.why = None

    def known_refusal(self):
        """Returns why the source is left out, or an empty text."""
        path = self.cache + "_why.txt"
        if not os.path.exists(path):
            image, why = open_full(self.source)
            self.keep(image)
            with open(path, "w", encoding="utf-8") as file:
                file.write(why)
        with open(path, encoding="utf-8") as file:
            return file.read()

    def keep(self, image):
        if image:
            self.planes = [band.convert("F") for band in image.split()]

    def at(self, width, height):
        path = f"{self.cache}_{width}x{height}.npy"
        if not os.path.exists(path):
            if self.planes is None:
                self.keep(open_full(self.source)[0])
            planes = [numpy.asarray(plane.resize((width, height),
                                                 Image.Resampling.LANCZOS))
                      for plane in self.planes]
            numpy.save(path, numpy.stack(planes, axis=-1))
        return numpy.clip(numpy.load(path), 0, 255).astype(numpy.float64)


# ---- figures ----

def pixels(path):
    return numpy.asarray(Image.open(path).convert("RGB"), numpy.float64)


def psnr(a, b):
    error = float(numpy.mean((a - b) ** 2))
    return min(MOST_DB, 10 * math.log10(255 ** 2 / max(error, 1e-9)))


def luma(rgb):
    return rgb @ numpy.array([0.299, 0.587, 0.114])


def blurred(plane):
    at = numpy.arange(-5, 6)
    weights = numpy.exp(-at ** 2 / (2 * 1.5 ** 2))
    weights /= weights.sum()
    for axis in (0, 1):
        if plane.shape[axis] >= 11:
            plane = numpy.apply_along_axis(numpy.convolve, axis, plane,
                                           weights, "valid")
        else:
            plane = plane.mean(axis=axis, keepdims=True)
    return plane


def ssim(a, b):
    a, b = luma(a), luma(b)
    mean_a, mean_b = blurred(a), blurred(b)
    var_a = blurred(a * a) - mean_a ** 2
    var_b = blurred(b * b) - mean_b ** 2
    both = blurred(a * b) - mean_a * mean_b
    return float(numpy.mean(
        (2 * mean_a * mean_b + C1) * (2 * both + C2) /
        ((mean_a ** 2 + mean_b ** 2 + C1) * (var_a + var_b + C2))))


def their_bytes_at(quality, points):
    """Returns the bytes at this SSIM, interpolated between the measured
    qualities; None if it is outside them."""
    points = sorted(points)
    scores = [score for score, _ in points]
    if not scores[0] <= quality <= scores[-1]:
        return None
    return math.exp(numpy.interp(quality, scores,
                                 [math.log(size) for _, size in points]))


def compare_encoded(job, file, width, reference, figures):
    name = f"{file['stem']}_{width}"
    ours = os.path.join(job["encoded"], name + file["ext"])
    if file["ext"] == ".png" or not os.path.exists(ours):
        return
    image = pixels(ours)
    expected = reference.at(image.shape[1], image.shape[0])
    figures["encoded_db"] = psnr(image, expected)
    figures["ssim"] = ssim(image, expected)
    figures["bytes"] = os.path.getsize(ours)
    points = []
    for quality in job["qualities"]:
        path = os.path.join(job["theirs"], f"{name}_{quality}{file['ext']}")
        image = pixels(path)
        expected = reference.at(image.shape[1], image.shape[0])
        points.append((ssim(image, expected), os.path.getsize(path)))
        if quality == 80:
            figures["their_ssim"], figures["their_bytes"] = points[-1]
            figures["their_encoded_db"] = psnr(image, expected)
    figures["their_bytes_at_our_ssim"] = their_bytes_at(figures["ssim"], points)


def figures_of(job, file, width, reference):
    name = f"{file['stem']}_{width}"
    figures = {}
    for who, path in (("db", (job["ours"], name + ".png")),
                      ("their_db", (job["theirs"], name + ".png")),
                      ("their_slow_db", (job["theirs"], name + "_slow.png"))):
        image = pixels(os.path.join(*path))
        expected = reference.at(image.shape[1], image.shape[0])
        figures[who] = psnr(image, expected)
    compare_encoded(job, file, width, reference, figures)
    return figures


def measure(task):
    job, file = task
    reference = Reference(job, file)
    why = reference.known_refusal()
    if why:
        return {"stem": file["stem"], "why": why}
    return {"stem": file["stem"],
            "sizes": {width: figures_of(job, file, width, reference)
                      for width in job["widths"]}}


def main():
    job = json.load(sys.stdin)
    os.makedirs(job["cache"], exist_ok=True)
    with multiprocessing.Pool(2) as pool:
        results = pool.map(measure, [(job, file) for file in job["files"]],
                           chunksize=1)
    json.dump({"files": results}, sys.stdout)


if __name__ == "__main__":
    main()
