// worker/image/codec/fast_png.h: our own reader for plain PNGs, several times
// faster than libpng.
//
// The idea: ISA-L inflates one window of the stream at a time. The kernels of
// row_kernels.h undo the filters and split the samples into planes. Palette
// indices, and grey of less than 8 bits, become samples through a table for
// each plane. On the large PNGs of Debian's wallpaper packages zlib 1.2.13
// takes 3.3 times as long as ISA-L; libdeflate would take 8 % less time, but
// needs the whole raster in memory.
//
// Plain    not interlaced, no colour key, complete and without a fault. The
//          reader checks each check sum, code, filter and index. It gives up at
//          any row if anything is odd. The caller then starts again with
//          libpng, which judges the damage and saves the pixels that it can.
// Runs in  the calling thread. Keeps a window of 128 KiB, three rows and the
//          state of ISA-L, 90 KiB.
// Source   ISO/IEC 15948; RFC 1950.
#pragma once

#include <cstddef>
#include <memory>

#include "common/bytes.h"
#include "worker/image/header/png_layout.h"
#include "worker/image/picture/picture.h"

namespace thumbmill {

struct FastPngInput {
  PngHeader header;
  ByteSpan bytes;              // the file
  std::size_t first_data = 0;  // offset of the first IDAT chunk in it
  ByteSpan palette;            // PLTE: red, green and blue of each colour
  ByteSpan palette_alpha;      // tRNS: may be shorter than PLTE, or empty
  bool colour_key = false;     // there is a tRNS without a palette
};

// Returns null if the header shows that the PNG is not plain. If ReadBand() or
// Finish() fails later, ignore the error and decode again with libpng: see
// Decoder::CanFallBack(). `shape` is the picture's shape; `png` must outlive
// the reader.
[[nodiscard]] std::unique_ptr<RowSource> ReadFastPng(const FastPngInput& png,
                                                     const PictureShape& shape);

// Rows that one ReadBand() of a PNG gives, with our own reader and with libpng.
constexpr std::uint32_t kPngBandRows = 16;

}  // namespace thumbmill
