// worker/image/codec/avif_colours.h: converts the samples of an AVIF to
// colours.
#pragma once

#include <avif/avif.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "worker/image/colour/rgb_space.h"
#include "worker/image/picture/image_result.h"
#include "worker/image/picture/picture.h"

namespace thumbmill {

// Returns the EXIF orientation (1-8) that does the same as the container's
// boxes: those turn a picture counter-clockwise, then mirror it (HEIF 6.5).
[[nodiscard]] int OrientationOf(const avifImage& image);

// Returns the colour space that the `nclx` box names, or the coded picture if
// there is no box. The matrix is not part of it, since the matrix counts even
// if there is a profile.
[[nodiscard]] RgbSpace SpaceIn(const avifImage& image);

// Returns the formula of Y, Cb and Cr if later steps know it. 8-bit planes are
// then resized as they are and converted as thumbnails. Returns empty for other
// matrices.
[[nodiscard]] std::optional<YccCode> PlaneCodeOf(const avifImage& image);

// Converts samples of any depth and range to RGB of 16 bits.
class AvifColours {
 public:
  struct Rgb16 {
    std::uint32_t r, g, b;
  };

  // Prepares the conversion for one image. Refuses an unknown matrix.
  [[nodiscard]] static ImageResult<AvifColours> For(const avifImage& image);

  [[nodiscard]] Rgb16 Convert(std::uint32_t y, std::uint32_t u,
                              std::uint32_t v) const {
    if (kind_ == Kind::kRgb) return {Luma(v), Luma(y), Luma(u)};  // G, B, R
    const std::int64_t grey = Luma(y), first = Chroma(u), second = Chroma(v);
    if (kind_ == Kind::kYcgco)
      return {Clamp(grey - first + second), Clamp(grey + first),
              Clamp(grey - first - second)};
    return {Clamp(grey + Scaled(red_ * second)),
            Clamp(grey - Scaled(green_b_ * first + green_r_ * second)),
            Clamp(grey + Scaled(blue_ * first))};
  }
  // Converts a sample of Y, of grey, or of RGB.
  [[nodiscard]] std::uint32_t Luma(std::uint32_t sample) const {
    return Clamp(Scaled((std::int64_t{sample} - black_) * luma_));
  }
  // Converts a sample of alpha, which always has the full range.
  [[nodiscard]] std::uint32_t Alpha(std::uint32_t sample) const {
    return std::min(sample, max_) * 65535 / max_;
  }

 private:
  enum class Kind { kYcc, kRgb, kYcgco };
  static constexpr int kBits = 14;

  static std::int64_t Fixed(double value) {
    return std::llround(value * (1 << kBits));
  }
  static std::int64_t Scaled(std::int64_t fixed) {
    return (fixed + (1 << (kBits - 1))) >> kBits;
  }
  static std::uint32_t Clamp(std::int64_t value) {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(value, 0, 65535));
  }
  [[nodiscard]] std::int64_t Chroma(std::uint32_t sample) const {
    return Scaled((std::int64_t{sample} - zero_) * chroma_);
  }

  Kind kind_ = Kind::kYcc;
  std::uint32_t max_ = 255;
  std::int64_t black_ = 0;  // the sample that means black
  // The chroma sample that means "no colour".
  std::int64_t zero_ = 128;
  std::int64_t luma_ = 0;  // factors to 16 bits, fixed point with kBits
  std::int64_t chroma_ = 0;
  std::int64_t red_ = 0, green_b_ = 0, green_r_ = 0, blue_ = 0;
};

}  // namespace thumbmill
