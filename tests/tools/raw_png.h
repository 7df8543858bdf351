// tests/tools/raw_png.h: PNGs put together chunk by chunk, also such as no
// library would write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/bytes.h"
#include "tests/tools/pictures.h"

namespace thumbmill::testing {

struct RawPng {
  std::uint32_t width = 1;
  std::uint32_t height = 1;
  std::uint8_t bits = 8;
  std::uint8_t colour_type = 0;
  Bytes head = {};              // chunks between IHDR and PLTE
  Bytes palette = {};           // PLTE; empty: none
  Bytes transparency = {};      // tRNS; empty: none
  Bytes stream = {};            // zlib's, for IDAT
  std::size_t in_chunk = 8192;  // bytes of it in each IDAT
  Bytes tail = {};              // chunks between the last IDAT and IEND

  // Of the raster before it is deflated, with the filters' bytes.
  [[nodiscard]] std::size_t row_bytes() const;
};

[[nodiscard]] Bytes MakeChunk(std::string_view type, ByteSpan data);
[[nodiscard]] Bytes AssemblePng(const RawPng& png);
[[nodiscard]] Bytes Deflated(ByteSpan raw, int level = 6);

// Rows of chance, with filters of chance: `filters` of them, from 0 on.
[[nodiscard]] Bytes MakeRaster(const RawPng& png, unsigned filters,
                               unsigned seed);

}  // namespace thumbmill::testing
