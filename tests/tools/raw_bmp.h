// tests/tools/raw_bmp.h: builds BMPs field by field, also ones that no program
// would write.
#pragma once

#include <cstdint>

#include "common/bytes.h"
#include "tests/tools/pictures.h"

namespace thumbmill::testing {

struct RawBmp {
  std::uint32_t header = 40;  // bytes: 12, 40, 52, 56, 108, 124 or any other
  std::uint32_t width = 1;
  std::uint32_t height = 1;  // 0 - height if the top row comes first
  std::uint16_t bits = 24;
  std::uint32_t compression = 0;
  std::uint32_t colours = 0;  // number of colours that the header gives
  Bytes more = {};            // bytes of the header from offset 40 on
  Bytes behind = {};          // bytes between header and data: masks, palette
  Bytes data = {};
  Bytes profile = {};      // after the data; 124 bytes of header name its place
  bool names_data = true;  // the file header gives the offset of the data
};

[[nodiscard]] Bytes AssembleBmp(const RawBmp& bmp);

// Appends a number as BMP stores it.
void AppendLittle(std::uint32_t value, int bytes, Bytes* out);

// Describes a picture of 3 or 4 channels with this depth. Palettes of 8 bits
// have 3 bits of red and green and 2 of blue, the smaller ones have greys. With
// 4 channels, the header has a mask for alpha.
[[nodiscard]] RawBmp MakeBmp(const Picture& picture, std::uint16_t bits,
                             bool top_down = false);

// Returns the sample that MakeBmp() stores.
[[nodiscard]] std::uint8_t StoredInBmp(const Picture& picture,
                                       std::uint16_t bits, std::uint32_t x,
                                       std::uint32_t y, int channel);

// Replaces the rows of a BMP of 4 or 8 bits by run-length codes.
void CodeRuns(RawBmp* bmp);

}  // namespace thumbmill::testing
