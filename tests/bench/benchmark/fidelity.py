"""How near the thumbnails are to a float Lanczos-3 of the full picture, before
and after encoding, beside sharp's."""

import json
import math
import os
import statistics
import subprocess

from benchmark import peers, sets
from benchmark.measure import (Failed, PROGRAMS, Run, ours, stage)

WIDTHS = (200, 64, 32)
SIZES = "200x,64x,32x"
QUALITIES = (62, 68, 74, 80, 85, 89, 93)
LEAST_OF_PHOTOGRAPH = 40.0  # dB
BELOW_SHARP = {"progressive": 1.5}  # dB; the others:
BELOW_SHARP_USUALLY = 0.5
MORE_BYTES = 0.02

# The wallpapers that are photographs (by eye); the seed set is nothing else.
PHOTOGRAPHS = (
    "lomiri_Bridge", "lomiri_Dragonfly", "lomiri_Kleiber", "lomiri_Picture",
    "lomiri_Wine", "lomiri_aitzgorri", "lomiri_analogpattern", "lomiri_free",
    "lomiri_friends", "lomiri_greentock", "lomiri_life", "lomiri_picos",
    "lomiri_seeding", "lomiri_sunset", "lxqt_after", "lxqt_appleflower",
    "lxqt_beam", "lxqt_butterfly", "lxqt_cloud", "lxqt_flowers", "lxqt_fog",
    "lxqt_this-is-not", "mate_Aqua", "mate_Garden", "mate_LadyBird",
    "mate_TwoWings", "mate_Wood", "mate_YellowFlower", "plasma_BytheWater",
    "plasma_ColdRipple", "plasma_ColorfulCups", "plasma_DarkestHour",
    "plasma_EveningGlow", "plasma_FallenLeaf", "plasma_Grey", "plasma_Kite",
    "plasma_OneStandsOut", "plasma_Path", "plasma_Volna", "plasma_summer",
    "corpus_")


def is_photograph(name, stem):
    return name == "seed" or stem.split("_", 2)[2].startswith(PHOTOGRAPHS)


def thumbnails(fresh, folder, *flags):
    output = fresh.folder()
    Run(ours(folder, output, SIZES, "--name", "{stem}_{size}.{ext}", *flags))
    return output


def by_sharp(fresh, files):
    output = fresh.folder()
    Run(["node", os.path.join(PROGRAMS, "sharp_pixels.mjs"), output, "2",
         ",".join(map(str, WIDTHS)), ",".join(map(str, QUALITIES)), *files],
        env={**os.environ, "SHARP_FROM": peers.SHARP})
    return output


def compare(name, fresh, pictures):
    """Returns the figures of tests/bench/pixel_fidelity.py, for each file."""
    folder, files = stage(fresh, pictures.paths)
    job = {
        "cache": os.path.join(sets.FOLDER, "references", name),
        "widths": WIDTHS, "qualities": QUALITIES,
        "ours": thumbnails(fresh, folder, "--format", "png"),
        "encoded": thumbnails(fresh, folder), "theirs": by_sharp(fresh, files),
        "files": [dict(zip(("stem", "ext"),
                           os.path.splitext(os.path.basename(path))),
                       source=path) for path in files],
    }
    program = os.path.join(PROGRAMS, "pixel_fidelity.py")
    done = subprocess.run([peers.PYTHON, program], input=json.dumps(job),
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"pixel_fidelity.py, {name}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)["files"]


def column(results, width, key):
    values = [each["sizes"][str(width)].get(key) for each in results]
    return [value for value in values if value is not None]


def mean_and_least(values):
    return (f"{statistics.mean(values):.2f}", f"{min(values):.2f}")


def pixels_table(section, compared):
    rows = []
    for name, results in compared.items():
        for width in WIDTHS:
            mine = column(results, width, "db")
            theirs = column(results, width, "their_db")
            slow = column(results, width, "their_slow_db")
            rows.append((sets.SETS[name][0], str(width), str(len(mine)),
                         *mean_and_least(mine), *mean_and_least(theirs),
                         *mean_and_least(slow)))
    section.table(("set", "wide", "files", "ours: mean dB", "least",
                   "sharp: mean dB", "least", "sharp, slow: mean dB",
                   "least"), rows)


def pixels_bars(section, compared):
    for name, results in compared.items():
        worst = min(statistics.mean(column(results, width, "db")) -
                    statistics.mean(column(results, width, "their_db"))
                    for width in WIDTHS)
        allowed = BELOW_SHARP.get(name, BELOW_SHARP_USUALLY)
        section.bar(f"{sets.SETS[name][0]}: mean PSNR before encoding, against "
                    "sharp's, worst width", f"at most {allowed} dB below",
                    f"{worst:+.2f} dB", worst >= -allowed)
    least, where = min(
        (each["sizes"][str(width)]["db"], f"{each['stem'][8:]}, {width} px")
        for name, results in compared.items() for each in results
        for width in WIDTHS if is_photograph(name, each["stem"]))
    section.bar("Lowest PSNR of a photograph before encoding",
                f"{LEAST_OF_PHOTOGRAPH:.0f} dB", f"{least:.1f} dB ({where})",
                least >= LEAST_OF_PHOTOGRAPH)


def bytes_against(results, widths):
    """(mean of our bytes over sharp's at equal SSIM, how many could be
    compared, of how many)."""
    ratios, files = [], 0
    for width in widths:
        for each in results:
            figures = each["sizes"][str(width)]
            if "bytes" not in figures:
                continue
            files += 1
            theirs = figures["their_bytes_at_our_ssim"]
            if theirs:
                ratios.append(math.log(figures["bytes"] / theirs))
    if not ratios:
        return None, 0, files
    return math.exp(statistics.mean(ratios)), len(ratios), files


def encoded_table(section, compared):
    rows = []
    for name, results in compared.items():
        for width in WIDTHS:
            ratio, compared_, files = bytes_against(results, [width])
            if ratio is None:
                continue
            mean = {key: statistics.mean(column(results, width, key))
                    for key in ("ssim", "their_ssim", "bytes", "their_bytes",
                                "encoded_db", "their_encoded_db")}
            rows.append((
                sets.SETS[name][0], str(width), f"{mean['ssim']:.4f}",
                f"{mean['their_ssim']:.4f}", f"{mean['encoded_db']:.2f}",
                f"{mean['their_encoded_db']:.2f}", f"{mean['bytes']:.0f}",
                f"{mean['their_bytes']:.0f}", f"{ratio - 1:+.1%}",
                f"{compared_} of {files}"))
    section.table(("set", "wide", "our SSIM", "sharp's", "our PSNR, dB",
                   "sharp's", "our bytes", "sharp's",
                   "our bytes at equal SSIM", "files compared"), rows)


def encoded_bars(section, compared):
    for name, results in compared.items():
        ratio, _, _ = bytes_against(results, WIDTHS)
        if ratio is not None:
            section.bar(f"{sets.SETS[name][0]}: bytes at quality 80 against "
                        "sharp's at equal SSIM", f"at most +{MORE_BYTES:.0%}",
                        f"{ratio - 1:+.1%}", ratio - 1 <= MORE_BYTES)


def left_out(section, outside):
    for name, files in outside.items():
        if files:
            reasons = {}
            for each in files:
                reasons[each["why"]] = reasons.get(each["why"], 0) + 1
            text = ", ".join(f"{n} because {why}" for why, n in
                             reasons.items())
            section.say(f"{sets.SETS[name][0]}: left out {text}.\n")


def measure(section, fresh, options, found):
    section.heading("Fidelity")
    if not found.sharp or not found.python:
        section.say("Left out: sharp or Pillow could not be installed.\n")
        return
    compared, outside = {}, {}
    for name in sets.SETS:
        pictures = sets.get(name, options.at_most)
        if pictures is None:
            continue
        try:
            results = compare(name, fresh, pictures)
        except Failed as why:
            print(f"  {name}: {why}")
            section.bar(f"{sets.SETS[name][0]}: fidelity", "measured",
                        "could not be made", False)
            continue
        compared[name] = [each for each in results if "sizes" in each]
        outside[name] = [each for each in results if "why" in each]
    section.say(
        "Before encoding: thumbnails are written as PNG. The reference is the "
        f"full picture, decoded by Pillow {found.python['Pillow']}, turned "
        "upright, and resized to the exact size by Pillow's Lanczos-3 in "
        "32-bit floats per channel, without rounding. The table has the mean "
        "and the lowest PSNR over red, green and blue. Pictures with a "
        "profile other than sRGB, or with transparency, are left out. sharp "
        "makes each size from the file with its defaults; the goals and the "
        "timings use these. \"slow\" means that its fastShrinkOnLoad is "
        "switched off.\n")
    pixels_table(section, compared)
    left_out(section, outside)
    pixels_bars(section, compared)
    section.say(
        "After encoding at quality 80, against the same reference: SSIM of "
        "luma, PSNR as above, and bytes of a file. \"Bytes at equal SSIM\" "
        "compares with a size that is interpolated between sharp's files at "
        f"qualities {', '.join(map(str, QUALITIES))}, for each file whose "
        "SSIM lies among theirs; it is a geometric mean.\n")
    encoded_table(section, compared)
    encoded_bars(section, compared)
