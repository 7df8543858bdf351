// worker/image/cost.h: the memory and output that an image will need.
#pragma once

#include <cstdint>

#include "proto/recipe.h"
#include "worker/image/header/image_header.h"

namespace thumbmill {

// The cost of an image, estimated from its header, as a hint for admission. The
// Thumbnailer computes it again from its decoder's answer, and enforces it.
struct CostEstimate {
  std::uint64_t peak_bytes = 0;     // private memory while it runs
  std::uint64_t output_bytes = 0;   // likely upper bound of all thumbnails
  std::uint64_t output_pixels = 0;  // of all sizes
};

[[nodiscard]] CostEstimate EstimateCost(const ImageHeader& header,
                                        const Recipe& recipe,
                                        std::uint64_t size_mask);

}  // namespace thumbmill
