// worker/image/codec/plain_png.h: a reader of our own for plain PNGs, several
// times faster than libpng.
//
// The idea: ISA-L inflates a window of the stream at a time, filters are undone
// and samples split into planes by the kernels of row_kernels.h. Indices of a
// palette, and grey of less than 8 bits, become samples by a table for each
// plane. Inflating the large PNGs of Debian's wallpaper packages takes zlib
// 1.2.13 3.3 times as long; libdeflate would take 8 % less time, but needs the
// whole raster in memory.
//
// Plain    not interlaced, transparent at most by a channel or a palette, whole
//          and without a fault: each check sum, code, filter and index is
//          looked at. Where anything is odd the reader gives up, at whatever
//          row; the caller then starts again with libpng, which decides what
//          is damaged, how badly, and what can be saved.
// Runs in  the calling thread. Keeps a window of 128 KiB, three rows and what
//          ISA-L needs, 90 KiB.
// Source   ISO/IEC 15948; RFC 1950.
#pragma once

#include <cstddef>
#include <memory>

#include "common/bytes.h"
#include "worker/image/header/inspect.h"
#include "worker/image/picture/picture.h"

namespace thumbmill {

struct PlainPng {
  PngHeader header;
  ByteSpan bytes;              // the file
  std::size_t first_data = 0;  // offset of the first IDAT chunk in it
  ByteSpan palette;            // of PLTE: red, green, blue
  ByteSpan palette_alpha;      // of tRNS, which may be shorter; empty: none
  bool colour_key = false;     // tRNS without a palette
};

// The reason of the Refusal with which ReadBand() and Finish() give up counts
// for nothing: see Decoder::HandsOver(). Empty: not plain.
//
// The picture's shape is `shape`; `png` outlives the reader.
[[nodiscard]] std::unique_ptr<RowSource> ReadPlainPng(
    const PlainPng& png, const PictureShape& shape);

// The rows that one ReadBand() of a PNG gives, whoever reads it.
constexpr std::uint32_t kPngBandRows = 16;

}  // namespace thumbmill
