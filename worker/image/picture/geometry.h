// worker/image/picture/geometry.h: how large the thumbnail of a picture is.
//
// Contract docs/cli.md, "Sizes". Units: pixels of the upright picture.
// Rounding is half up, a side is at least 1.
#pragma once

#include <cstdint>

#include "proto/recipe.h"

namespace thumbmill {

// The whole picture is resized to scaled_*; a window of it is kept; that
// window stands at offset_* of the canvas, which is what is written.
struct Placement {
  std::uint64_t scaled_width = 0;
  std::uint64_t scaled_height = 0;
  std::uint64_t crop_x = 0;
  std::uint64_t crop_y = 0;
  std::uint64_t width = 0;  // of the window
  std::uint64_t height = 0;
  std::uint64_t offset_x = 0;
  std::uint64_t offset_y = 0;
  std::uint64_t canvas_width = 0;
  std::uint64_t canvas_height = 0;

  [[nodiscard]] bool padded() const {
    return canvas_width != width || canvas_height != height;
  }
  [[nodiscard]] std::uint64_t pixels() const {
    return canvas_width * canvas_height;
  }
  friend bool operator==(const Placement&, const Placement&) = default;
};

[[nodiscard]] Placement Place(std::uint32_t width, std::uint32_t height,
                              const SizeSpec& size, bool enlarge);

}  // namespace thumbmill
