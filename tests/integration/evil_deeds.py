"""The deeds that test_evil.py puts into images: tables of comments that
tests/tools/evil_gif.c understands, and the GIF that carries one."""

import struct


def gif(deed, side=4, said=None):
    """Returns a picture of one colour with a comment; `said` is the side in its
    header."""
    said = said or side
    text = deed.encode()
    blocks = b"".join(bytes((len(text[at:at + 255]),)) + text[at:at + 255]
                      for at in range(0, len(text), 255))
    # Codes of 3 bits: clear, then pixels; clear again before the width grows.
    codes = [4]
    for pixel in range(side * side):
        codes.append(0)
        if pixel % 2:
            codes.append(4)
    codes.append(5)
    number = sum(code << 3 * at for at, code in enumerate(codes))
    data = number.to_bytes(len(codes) * 3 // 8 + 1, "little")
    return (b"GIF89a" + struct.pack("<HHBBB", said, said, 0x80, 0, 0) +
            b"\0\0\0\xff\xff\xff" + b"\x21\xfe" + blocks + b"\0" + b"," +
            struct.pack("<HHHHB", 0, 0, said, said, 0) + b"\x02" +
            b"".join(bytes((len(data[at:at + 255]),)) + data[at:at + 255]
                     for at in range(0, len(data), 255)) + b"\0;")


PHASES = ("open", "line", "close")


def varint(value):
    out = b""
    while value > 127:
        out += bytes((value & 127 | 128,))
        value >>= 7
    return out + bytes((value,))


def number(field, value):
    return varint(field << 3) + varint(value)


def text(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def thumbnail(index=0, width=8, height=8, offset=0, length=64):
    return text(10, number(1, index) + number(2, width) + number(3, height) +
                number(4, offset) + number(5, length))


MADE = number(9, 1)  # fields: written as JPEG
TWO = thumbnail(0) + thumbnail(1, offset=64)


def phased(deeds):
    """Returns each deed in one phase, with the phases in turn."""
    return [f"{PHASES[at % len(PHASES)]} {deed}"
            for at, deed in enumerate(deeds)]


def exits():
    return phased(f"exit {code}" for code in range(256))


def signals():
    return phased(f"signal {number}" for number in range(1, 65))


def frames():
    """Returns every kind of frame, each with every fault."""
    deeds = []
    for kind in (*range(10), 255):
        for version in (0, 2, 99, 255):
            deeds.append(f"frame 544d{version:02x}{kind:02x}")
        deeds.append(f"frame 544e01{kind:02x}")
        if kind != 4:
            deeds.append(f"frame 544d01{kind:02x}")
        deeds.append(f"frame 544d01{kind:02x}08")
        deeds.append(f"frame 544d01{kind:02x}08ffffffffffffffffff01")
        deeds.append(f"frame 544d01{kind:02x}12ffffffff0f")
        deeds.append(f"frame 544d01{kind:02x}" + "0801" * 200)
    deeds += ["frame 544d0101" + number(1, pid).hex() for pid in (1, 2 ** 31)]
    deeds += ["frame 544d0105" + number(1, token).hex()
              for token in (0, 1, 2, 3, 2 ** 63)]
    deeds += ["frame 54", "frame 544d", "frame 544d01", "frame " + "00" * 40,
              "huge 65536", "huge 65537", "huge 120000"]
    deeds += [f"raw {'ff' * 4000}", "raw 00", "raw 02ffffffffffffffff",
              "raw 0400", "raw 0405", "raw 07ff"]
    return phased(deeds)


def lies():
    """Returns RESULTs for the current task whose numbers do not fit it."""
    big, most = 1 << 62, (1 << 64) - 1
    bodies = [
        MADE, MADE + thumbnail(0), MADE + TWO + thumbnail(1),
        MADE + thumbnail(0) + thumbnail(2), MADE + thumbnail(0) * 2,
        MADE + thumbnail(0) + thumbnail(1),  # the same bytes
        MADE + thumbnail(0) + thumbnail(1, offset=63),
        MADE + thumbnail(0, length=65536) + thumbnail(1, length=65536),
        MADE + thumbnail(0) + thumbnail(most >> 32),
        MADE + thumbnail(0) * 65,
    ]
    for field in ("offset", "length"):
        for value in (1 << 16, 1 << 20, 1 << 32, big, most):
            bodies.append(MADE + thumbnail(1, offset=70) +
                          thumbnail(0, **{field: value}))
    for field in ("width", "height", "length"):
        bodies.append(MADE + thumbnail(1, offset=64) +
                      thumbnail(0, **{field: 0}))
    bodies += [number(9, value) + TWO for value in (0, 4, 5, 6, 99, 1 << 31)]
    bodies += [number(6, value) + MADE + TWO for value in (6, 99, 1 << 31)]
    bodies += [number(5, value) for value in (1, 1000, 1 << 20, big, most)]
    bodies += [number(5, 1) + MADE + TWO]
    bodies += [text(2, word) for word in (
        b"corrupt", b"crash", b"duplicate", b"dns", b"no_such_reason", b"none", b"\xff\xfe",
        b"corrupt\n", b"x" * 5000)]
    bodies += [text(2, b"corrupt") + text(3, words) for words in (
        b"\x1b]0;OWNED\x07\x1b[31m\n12:00:00 coordinator[1] error: forged",
        b"\xff\xfe\x80 not UTF-8", b"\0" * 100, b'"},\n{"url":"forged"',
        b"x" * 30000)]
    bodies += [text(2, b"corrupt") + text(4, b"\x1b[2J\xff" * 40) * count
               for count in (1, 16, 17, 100)]
    bodies += [number(1, 1) * 2, number(1, most), text(1, b"id")]
    deeds = ["result 0 " + body.hex() for body in bodies]
    # The task before this one is left out: while its answer is still on its
    # way, the coordinator believes a second one (docs/isolation.md, "Not
    # promised").
    deeds += [f"result {further} {(MADE + TWO).hex()}"
              for further in (1, 2, 1000, 1 << 40)]
    return phased(deeds)


def grabs():
    """Returns deeds that take memory or time, or blame others."""
    deeds = ["stack mapped", "stack moved", "stack deep", "stack heap",
             "say 100000", "schedule", "hang-up 0", "smash 0", "smash 3",
             "smash 4", "blame 1", "blame -1", "blame 2", "fill", "spin",
             "flood 200000 544d0105", "flood 200000 544d0107",
             "flood 50000 544d0104" + "0801" * 40]
    return phased(deeds)


def slow():
    """Returns deeds that only a limit of time or memory ends."""
    return ["open hang-up 1"]


def later():
    """Returns deeds done after their own image, so nobody can name the
    guilty."""
    return [f"{phase} {deed}" for phase in ("wait", "drain")
            for deed in ("exit 0", "exit 4", "exit 7", "signal 9",
                         "signal 6", "frame 544d0204", "frame 544d0107",
                         "hang-up 0", "frame 544d0101", "huge 120000",
                         "flood 1000 544d0107")]


def some(deeds, count):
    """Returns `count` of the deeds, evenly spread."""
    step = max(1, len(deeds) // count)
    return deeds[::step]
