"""Files whose headers cost their reader much memory or time. All stay well
below 100 MB and hold no useful data.

  for name, make in HOSTILE_HEADERS.items():
      write(name, make(60 << 20))  # about so many bytes

Each maker takes the size of the file in bytes and returns its bytes.
"""

import struct
import zlib


def box(kind, body):
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _avif(meta, rest=b""):
    return (box(b"ftyp", b"avif\0\0\0\0avifmif1miaf") +
            box(b"meta", b"\0\0\0\0" + meta) + rest)


PRIMARY = box(b"pitm", b"\0\0\0\0\0\1")
EXTENTS = box(b"ispe", b"\0\0\0\0" + struct.pack(">II", 64, 64))
CONFIGURATION = box(b"av1C", b"\x81\0\0\0")


def avif_associations(size):
    """One item whose properties are listed again and again."""
    group = b"\0\1\xff" + b"\1" * 255
    count = size // len(group)
    ipma = box(b"ipma", b"\0\0\0\0" + struct.pack(">I", count) + group * count)
    return _avif(PRIMARY + box(b"iprp", box(b"ipco", EXTENTS + CONFIGURATION) +
                               ipma))


def avif_empty_associations(size):
    ipma = box(b"ipma", b"\0\0\0\0" + struct.pack(">I", size // 3) +
               b"\0\2\0" * (size // 3))
    return _avif(PRIMARY + box(b"iprp", box(b"ipco", EXTENTS + CONFIGURATION) +
                               ipma))


def avif_named_items(size):
    """Properties for items that do not exist."""
    count = size // 5
    ipma = box(b"ipma", b"\1\0\0\0" + struct.pack(">I", count) +
               b"".join(struct.pack(">IB", i, 0) for i in range(1, count + 1)))
    return _avif(PRIMARY + box(b"iprp", box(b"ipco", EXTENTS + CONFIGURATION) +
                               ipma))


def avif_association_boxes(size):
    ipma = box(b"ipma", b"\0\0\0\0\0\0\0\1\0\1\2\1\2")
    return _avif(PRIMARY + box(b"iprp", box(b"ipco", EXTENTS + CONFIGURATION) +
                               ipma * (size // len(ipma))))


def avif_properties(size):
    ipco = EXTENTS + CONFIGURATION + box(b"free", b"") * (size // 8)
    ipma = box(b"ipma", b"\0\0\0\1\0\0\0\1\0\1\2\0\1\0\2")
    return _avif(PRIMARY + box(b"iprp", box(b"ipco", ipco) + ipma))


def avif_items(size):
    """Useless items, and the real one at the end."""
    item = box(b"infe", b"\2\0\0\0\0\2\0\0av01\0")
    last = box(b"infe", b"\2\0\0\0\0\1\0\0av01\0")
    count = size // len(item)
    iinf = box(b"iinf", b"\1\0\0\0" + struct.pack(">I", count + 1) +
               item * count + last)
    return _avif(PRIMARY + iinf)


def avif_places(size):
    """An item in as many pieces of one byte as there is room for."""
    pieces = min(65535, size // 8)
    item = (struct.pack(">HHH", 1, 0, pieces) +
            b"".join(struct.pack(">II", 8 + i, 1) for i in range(pieces)))
    count = max(1, size // len(item))
    iloc = box(b"iloc", b"\0\0\0\0\x44\0" + struct.pack(">H", min(count, 65535))
               + item * count)
    infe = box(b"infe", b"\2\0\0\0\0\1\0\0av01\0")
    ipma = box(b"ipma", b"\0\0\0\0\0\0\0\1\0\1\2\1\2")
    return _avif(PRIMARY + iloc + box(b"iinf", b"\0\0\0\0\0\1" + infe) +
                 box(b"iprp", box(b"ipco", EXTENTS + CONFIGURATION) + ipma))


def avif_references(size):
    iref = box(b"iref", b"\0\0\0\0" + box(b"dimg", b"\0\1\0\1\0\2") *
               (size // 14))
    return _avif(PRIMARY + iref + box(b"iprp", box(b"ipco", EXTENTS +
                                                   CONFIGURATION)))


def avif_grid(size):
    """A grid of 256 x 256 equal tiles."""
    tiles = struct.pack(">HH", 1, 65535) + b"\0\2" * 65535
    iref = box(b"iref", b"\0\0\0\0" + box(b"dimg", tiles))
    count = max(1, size // len(iref))
    grid = b"\0\0\xff\xff" + struct.pack(">HH", 16384, 16384)
    iloc = box(b"iloc", b"\1\0\0\0\x44\0\0\2" + struct.pack(
        ">HHHHII", 1, 1, 0, 1, 0, len(grid)) + struct.pack(
            ">HHHHII", 2, 0, 0, 1, 8, 64))
    infe = (box(b"infe", b"\2\0\0\0\0\1\0\0grid\0") +
            box(b"infe", b"\2\0\0\0\0\2\0\0av01\0"))
    ipma = box(b"ipma", b"\0\0\0\0\0\0\0\2\0\1\1\1\0\2\2\1\2")
    return _avif(PRIMARY + iloc + box(b"iinf", b"\0\0\0\0\0\2" + infe) +
                 iref * count + box(b"idat", grid) +
                 box(b"iprp", box(b"ipco", EXTENTS + CONFIGURATION) + ipma))


def avif_boxes(size):
    """Empty boxes at the place of the picture."""
    return box(b"ftyp", b"avif\0\0\0\0") + box(b"free", b"") * (size // 8)


def avif_tracks(size):
    track = box(b"trak", box(b"tkhd", b"\0" * 84))
    return (box(b"ftyp", b"avis\0\0\0\0avis") +
            box(b"moov", track * (size // len(track))))


def jpeg_fill(size):
    return b"\xff\xd8" + b"\xff" * size


def jpeg_lone_markers(size):
    return b"\xff\xd8" + b"\xff\x01" * (size // 2)


def jpeg_zeros_after_ff(size):
    return b"\xff\xd8" + b"\xff\0" * (size // 2)


def jpeg_garbage(size):
    return b"\xff\xd8" + b"x" * size


def jpeg_segments(size):
    return b"\xff\xd8" + b"\xff\xe5\0\2" * (size // 4)


def jpeg_profiles(size):
    """Pieces of an endless profile."""
    piece = b"\xff\xe2\0\x10ICC_PROFILE\0\1\xff"
    return b"\xff\xd8" + piece * (size // len(piece))


def jpeg_frames(size):
    frame = b"\xff\xc0\0\x08\x08\0\x40\0\x40\0"
    return b"\xff\xd8" + frame * (size // len(frame))


PNG_HEAD = b"\x89PNG\r\n\x1a\n"


def chunk(kind, body=b""):
    return (struct.pack(">I4s", len(body), kind) + body +
            struct.pack(">I", zlib.crc32(kind + body)))


def png_chunks(size):
    """Useless chunks before the picture."""
    return (PNG_HEAD + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0,
                                                  0, 0)) +
            chunk(b"abCd") * (size // 12))


def png_profiles(size):
    profile = chunk(b"iCCP", b"x\0\0" + zlib.compress(b"\0" * 128))
    return (PNG_HEAD + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0,
                                                  0, 0)) +
            profile * (size // len(profile)))


def _webp(chunks):
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def webp_chunks(size):
    extended = b"VP8X" + struct.pack("<I", 10) + b"\0" * 4 + b"\x3f\0\0" * 2
    return _webp(extended + b"abcd\0\0\0\0" * (size // 8))


def webp_frame_chunks(size):
    """Useless chunks within the first frame of an animation."""
    extended = b"VP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + b"\x3f\0\0" * 2
    body = b"\0" * 6 + b"\x3f\0\0" * 2 + b"\0" * 4 + b"abcd\0\0\0\0" * (size //
                                                                       8)
    return _webp(extended + b"ANMF" + struct.pack("<I", len(body)) + body)


GIF_HEAD = b"GIF89a\x40\0\x40\0\0\0\0"


def gif_blocks(size):
    """A comment in blocks of one byte."""
    return GIF_HEAD + b"\x21\xfe" + b"\1x" * (size // 2) + b"\0"


def gif_extensions(size):
    return GIF_HEAD + b"\x21\xfe\0" * (size // 3)


def exif_entries(size):
    """JPEG with EXIF whose directory has as many entries as possible."""
    entries = b"\1\0\3\0\1\0\0\0\0\0\0\0" * 5400
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<H", 65535) + entries
    segment = b"Exif\0\0" + tiff
    piece = b"\xff\xe1" + struct.pack(">H", 2 + len(segment)) + segment
    return b"\xff\xd8" + piece * max(1, size // len(piece))


HOSTILE_HEADERS = {
    "associations.avif": avif_associations,
    "empty-associations.avif": avif_empty_associations,
    "association-boxes.avif": avif_association_boxes,
    "named-items.avif": avif_named_items,
    "properties.avif": avif_properties,
    "items.avif": avif_items,
    "places.avif": avif_places,
    "references.avif": avif_references,
    "grid.avif": avif_grid,
    "boxes.avif": avif_boxes,
    "tracks.avif": avif_tracks,
    "fill.jpg": jpeg_fill,
    "lone-markers.jpg": jpeg_lone_markers,
    "zeros-after-ff.jpg": jpeg_zeros_after_ff,
    "garbage.jpg": jpeg_garbage,
    "segments.jpg": jpeg_segments,
    "profiles.jpg": jpeg_profiles,
    "frames.jpg": jpeg_frames,
    "exif-entries.jpg": exif_entries,
    "chunks.png": png_chunks,
    "profiles.png": png_profiles,
    "chunks.webp": webp_chunks,
    "frame-chunks.webp": webp_frame_chunks,
    "blocks.gif": gif_blocks,
    "extensions.gif": gif_extensions,
}
