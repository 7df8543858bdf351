// worker/image/colour/interleave.h: turns one row of each plane into a row of
// pixels, the form that colour transforms take.
#pragma once

#include <array>
#include <cstdint>

#include "worker/image/picture/picture.h"

namespace thumbmill {

using ByteRows = std::array<const std::uint8_t*, kMaxPlanes>;
using WideRows = std::array<const std::int16_t*, kMaxPlanes>;

// Returns the channels of the pixels that Interleave() writes: 1 for grey, 3
// for RGB, 4 for inks.
[[nodiscard]] int PixelChannels(ColourModel model);

// The meaning of the planes' samples.
struct PixelCode {
  ColourModel model = ColourModel::kRgb;
  YccCode ycc;
  bool inverted = false;
};

// Writes a row of pixels. Converts YCC to RGB, and inverts inks if necessary:
// in the result 255 is full ink.
void Interleave(const ByteRows& rows, const PixelCode& code,
                std::uint32_t width, std::uint8_t* out);

// Writes a row of grey or RGB pixels, and divides the colours by `alpha`, which
// is a plane's row or null.
void Interleave(const WideRows& rows, int channels, const std::int16_t* alpha,
                std::uint32_t width, std::uint16_t* out);

// Returns a plane's sample (see picture.h) as 0-65535.
inline std::uint32_t Unbias(std::int16_t sample) {
  return static_cast<std::uint32_t>(sample + 32768);
}

}  // namespace thumbmill
