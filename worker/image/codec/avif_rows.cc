#include "worker/image/codec/avif_rows.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "worker/image/codec/split.h"
#include "worker/image/colour/colour.h"

namespace thumbmill {
namespace {

// Reads a row of samples of one or two bytes.
class SampleRow {
 public:
  SampleRow(const std::uint8_t* plane, std::uint32_t row_bytes, std::uint32_t y,
            bool deep)
      : row_(plane + std::size_t{y} * row_bytes), deep_(deep) {}

  [[nodiscard]] std::uint32_t At(std::uint32_t x) const {
    if (!deep_) return row_[x];
    std::uint16_t sample;
    std::memcpy(&sample, row_ + std::size_t{x} * 2, sizeof sample);
    return sample;
  }

 private:
  const std::uint8_t* row_;
  bool deep_;
};

// Returns the row of a plane that belongs to row `y` of the file's picture.
SampleRow RowOf(const avifImage& image, avifChannelIndex channel,
                std::uint32_t y) {
  const bool chroma = channel != AVIF_CHAN_Y;
  return {image.yuvPlanes[channel], image.yuvRowBytes[channel],
          chroma ? y >> AvifSubsampling(image).y : y, image.depth > 8};
}

}  // namespace

void GiveAvifRows(const avifImage& image, const PlaneShape& shape, int plane,
                  std::uint32_t rows, RowRing* ring) {
  const bool stretch = image.yuvFormat == AVIF_PIXEL_FORMAT_YUV400 &&
                       image.yuvRange == AVIF_RANGE_LIMITED;
  for (std::uint32_t i = 0; i < rows; ++i) {
    const std::uint32_t y = ring->end() + i;
    std::memcpy(
        ring->Row(y),
        image.yuvPlanes[plane] + std::size_t{y} * image.yuvRowBytes[plane],
        shape.width);
    if (stretch) ToFullRange(ring->Row(y), shape.width);
  }
  ring->Append(rows);
}

void ConvertAvifRow(const avifImage& image, const AvifColours& converter,
                    const AvifWindow& window, std::uint32_t y,
                    const RowPointers& out) {
  const bool grey = image.yuvFormat == AVIF_PIXEL_FORMAT_YUV400;
  const unsigned shift = AvifSubsampling(image).x;
  const std::size_t colours = grey ? 1 : 3;
  const std::uint32_t from_y = y + window.y;
  const SampleRow luma = RowOf(image, AVIF_CHAN_Y, from_y);
  // Rows that the picture does not have are stand-ins and never read: chroma of
  // a grey picture, alpha of an opaque one.
  const SampleRow cb = grey ? luma : RowOf(image, AVIF_CHAN_U, from_y);
  const SampleRow cr = grey ? luma : RowOf(image, AVIF_CHAN_V, from_y);
  const SampleRow alpha(window.alpha ? image.alphaPlane : image.yuvPlanes[0],
                        window.alpha ? image.alphaRowBytes : 0, from_y,
                        image.depth > 8);
  for (std::uint32_t x = 0; x < window.width; ++x) {
    const std::uint32_t from = x + window.x;
    std::array<std::uint32_t, 3> sample{};
    if (grey) {
      sample[0] = converter.Luma(luma.At(from));
    } else {
      const auto rgb = converter.Convert(luma.At(from), cb.At(from >> shift),
                                         cr.At(from >> shift));
      sample = {rgb.r, rgb.g, rgb.b};
    }
    const std::uint32_t opacity =
        window.alpha ? converter.Alpha(alpha.At(from)) : 65535;
    for (std::size_t c = 0; c < colours; ++c)
      // A premultiplied sample cannot exceed its alpha. Lossy or damaged data
      // may say otherwise, so it is clipped.
      StoreWide(image.alphaPremultiplied ? std::min(sample[c], opacity)
                                         : MultiplyWide(sample[c], opacity),
                x, out[c]);
    if (window.alpha) StoreWide(opacity, x, out[colours]);
  }
}

}  // namespace thumbmill
