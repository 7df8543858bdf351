// tests/tools/raw_png.h: builds PNGs chunk by chunk, also ones that no library
// would write.
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
  Bytes palette = {};           // PLTE; left out if empty
  Bytes transparency = {};      // tRNS; left out if empty
  Bytes stream = {};            // zlib stream for IDAT
  std::size_t in_chunk = 8192;  // bytes of `stream` in each IDAT
  Bytes tail = {};              // chunks between the last IDAT and IEND

  // Returns the bytes of a row before compression, with its filter byte.
  [[nodiscard]] std::size_t row_bytes() const;
};

[[nodiscard]] Bytes MakeChunk(std::string_view type, ByteSpan data);
[[nodiscard]] Bytes AssemblePng(const RawPng& png);
[[nodiscard]] Bytes Deflated(ByteSpan raw, int level = 6);

// Returns random rows with random filters out of the first `filters`.
[[nodiscard]] Bytes MakeRaster(const RawPng& png, unsigned filters,
                               unsigned seed);

}  // namespace thumbmill::testing
