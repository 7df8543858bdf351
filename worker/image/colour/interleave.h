// worker/image/colour/interleave.h: a row of each plane to a row of pixels, as
// colour transforms take them.
#pragma once

#include <array>
#include <cstdint>

#include "worker/image/picture/picture.h"

namespace thumbmill {

using ByteRows = std::array<const std::uint8_t*, kMaxPlanes>;
using WideRows = std::array<const std::int16_t*, kMaxPlanes>;

// Of the pixels that Interleave() gives: 1 grey, 3 RGB, 4 inks.
[[nodiscard]] int PixelChannels(ColourModel model);

// What the samples of planes stand for.
struct PixelCode {
  ColourModel model = ColourModel::kRgb;
  YccCode ycc;
  bool inverted = false;
};

// YCC becomes RGB; of inks 255 is full, however the file has them.
void Interleave(const ByteRows& rows, const PixelCode& code,
                std::uint32_t width, std::uint8_t* out);

// Grey or RGB. `alpha`, if there is one, is divided out: null or a plane's row.
void Interleave(const WideRows& rows, int channels, const std::int16_t* alpha,
                std::uint32_t width, std::uint16_t* out);

// 0-65535 of a plane's sample, see picture.h.
inline std::uint32_t Unbias(std::int16_t sample) {
  return static_cast<std::uint32_t>(sample + 32768);
}

}  // namespace thumbmill
