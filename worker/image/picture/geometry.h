// worker/image/picture/geometry.h: the size and the position of a thumbnail.
//
// Units    pixels of the upright picture. Rounding is half up; a side is at
//          least 1.
// Contract docs/cli.md, "Sizes".
#pragma once

#include <cstdint>

#include "proto/recipe.h"

namespace thumbmill {

// How a picture becomes a thumbnail. The whole picture is resized to scaled_*.
// The window at crop_* is kept. The window is placed at offset_* of the canvas,
// and the canvas is written as the thumbnail.
struct Placement {
  std::uint64_t scaled_width = 0;
  std::uint64_t scaled_height = 0;
  std::uint64_t crop_x = 0;
  std::uint64_t crop_y = 0;
  std::uint64_t width = 0;  // size of the window
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

// Places a picture of `width` x `height`. `enlarge` is the option of the run;
// it holds for sizes without a suffix.
[[nodiscard]] Placement Place(std::uint32_t width, std::uint32_t height,
                              const SizeSpec& size, bool enlarge);

}  // namespace thumbmill
