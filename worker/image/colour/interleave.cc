#include "worker/image/colour/interleave.h"

#include <algorithm>
#include <cstring>

#include "worker/image/colour/colour.h"

namespace thumbmill {
namespace {

// Divides a colour by its alpha. Filters overshoot, so a colour may be larger
// than its alpha.
std::uint32_t Divide(std::uint32_t colour, std::uint32_t alpha) {
  if (alpha == 0) return 0;
  const std::uint64_t product = std::uint64_t{colour} * 65535;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>((product + alpha / 2) / alpha, 65535));
}

void InterleaveInks(const ByteRows& rows, std::uint8_t flip,
                    std::uint32_t width, std::uint8_t* out) {
  for (std::size_t x = 0; x < width; ++x)
    for (std::size_t c = 0; c < 4; ++c) out[x * 4 + c] = rows[c][x] ^ flip;
}

// The first three planes of YCCK hold the inverse of C, M and Y, as an RGB that
// was converted to YCC.
void InterleaveYcck(const ByteRows& rows, std::uint8_t flip,
                    std::uint32_t width, std::uint8_t* out) {
  // YccToRgb() writes 3 bytes per pixel but inks take 4, so the RGB goes
  // through a small buffer.
  constexpr std::uint32_t kChunk = 64;
  std::uint8_t rgb[kChunk * 3];
  for (std::uint32_t x = 0; x < width; x += kChunk) {
    const std::uint32_t count = std::min(kChunk, width - x);
    YccToRgb(rows[0] + x, rows[1] + x, rows[2] + x, rgb, count);
    for (std::size_t i = 0; i < count; ++i) {
      std::uint8_t* ink = out + (x + i) * 4;
      for (std::size_t c = 0; c < 3; ++c)
        ink[c] = static_cast<std::uint8_t>(255 - rgb[i * 3 + c]) ^ flip;
      ink[3] = rows[3][x + i] ^ flip;
    }
  }
}

}  // namespace

int PixelChannels(ColourModel model) {
  switch (model) {
    case ColourModel::kGrey:
      return 1;
    case ColourModel::kCmyk:
    case ColourModel::kYcck:
      return 4;
    case ColourModel::kRgb:
    case ColourModel::kYcc:
      return 3;
  }
  return 3;
}

void Interleave(const ByteRows& rows, const PixelCode& code,
                std::uint32_t width, std::uint8_t* out) {
  const std::uint8_t flip = code.inverted ? 255 : 0;
  switch (code.model) {
    case ColourModel::kGrey:
      std::memcpy(out, rows[0], width);
      return;
    case ColourModel::kYcc:
      return YccToRgb(rows[0], rows[1], rows[2], out, width, code.ycc);
    case ColourModel::kRgb:
      for (std::size_t x = 0; x < width; ++x)
        for (std::size_t c = 0; c < 3; ++c) out[x * 3 + c] = rows[c][x];
      return;
    case ColourModel::kCmyk:
      return InterleaveInks(rows, flip, width, out);
    case ColourModel::kYcck:
      return InterleaveYcck(rows, flip, width, out);
  }
}

void Interleave(const WideRows& rows, int channels, const std::int16_t* alpha,
                std::uint32_t width, std::uint16_t* out) {
  const auto count = static_cast<std::size_t>(channels);
  for (std::size_t c = 0; c < count; ++c)
    for (std::uint32_t x = 0; x < width; ++x) {
      std::uint32_t sample = Unbias(rows[c][x]);
      if (alpha != nullptr) sample = Divide(sample, Unbias(alpha[x]));
      out[x * count + c] = static_cast<std::uint16_t>(sample);
    }
}

}  // namespace thumbmill
