// worker/image/header/metadata.h: what a thumbnail carries beside its pixels.
#pragma once

#include <cstdint>
#include <vector>

namespace thumbmill {

struct Metadata {
  // The profile that the pixels are in. Empty: none, they are sRGB.
  std::vector<std::uint8_t> icc;
  // A TIFF structure, at most kMaxExifBytes. Empty: none.
  std::vector<std::uint8_t> exif;

  [[nodiscard]] bool empty() const { return icc.empty() && exif.empty(); }
};

// What a JPEG's segment has room for, behind "Exif\0\0".
constexpr std::size_t kMaxExifBytes = 65533 - 6;

}  // namespace thumbmill
