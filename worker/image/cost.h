// worker/image/cost.h: computes the placement and format of each size of a
// task, and the cost of the image.
#pragma once

#include <cstdint>
#include <vector>

#include "proto/recipe.h"
#include "worker/image/cost_estimate.h"
#include "worker/image/picture/geometry.h"

namespace thumbmill {

struct SizePlan {
  std::uint32_t index = 0;                     // into Recipe::sizes
  Placement place;                             // of the upright picture
  ImageFormat format = ImageFormat::kUnknown;  // of the thumbnail
};

// Returns true if the decoder must not reduce the picture. Its reduction makes
// means of codes, but `linear` needs means of light, and kNearest needs
// unchanged samples.
[[nodiscard]] inline bool WantsExact(const Recipe& recipe) {
  return recipe.linear || recipe.filter == FilterKind::kNearest;
}

// Returns the sizes of the mask for an upright picture of this width and
// height.
[[nodiscard]] std::vector<SizePlan> PlanSizes(std::uint32_t width,
                                              std::uint32_t height,
                                              const Recipe& recipe,
                                              std::uint64_t size_mask);

// Returns the format of the thumbnails: the recipe's, else the source's own.
// For a source format that we cannot write, it is JPEG, or PNG with alpha.
[[nodiscard]] ImageFormat OutputFormat(const Recipe& recipe, ImageFormat source,
                                       bool alpha);

// Returns the format of one size, normally `usual`. If a side is too long for
// that, returns JPEG, or PNG if the picture has alpha or is too long for a JPEG
// too.
[[nodiscard]] ImageFormat FormatOfSize(const Placement& place,
                                       ImageFormat usual, bool alpha);

[[nodiscard]] std::uint64_t OutputPixels(const std::vector<SizePlan>& plans);

}  // namespace thumbmill
