// worker/image/header/metadata.h: the data beside the pixels that a thumbnail
// carries.
#pragma once

#include <cstdint>
#include <vector>

namespace thumbmill {

struct Metadata {
  // The colour profile of the pixels. Empty if they are sRGB.
  std::vector<std::uint8_t> icc;
  // A TIFF structure of at most kMaxExifBytes, or empty.
  std::vector<std::uint8_t> exif;

  [[nodiscard]] bool empty() const { return icc.empty() && exif.empty(); }
};

// Bytes of EXIF that fit a JPEG segment after "Exif\0\0".
constexpr std::size_t kMaxExifBytes = 65533 - 6;

}  // namespace thumbmill
