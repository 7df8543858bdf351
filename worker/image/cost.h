// worker/image/cost.h: the sizes of a task, worked out, and what they cost.
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
  ImageFormat format = ImageFormat::kUnknown;  // that it is written in
};

// A decoder's own reduction makes means of codes: no neighbour is the nearest
// then, and no mean is one of light.
[[nodiscard]] inline bool WantsExact(const Recipe& recipe) {
  return recipe.linear || recipe.filter == FilterKind::kNearest;
}

// The sizes named by the mask, for an upright picture of this size.
[[nodiscard]] std::vector<SizePlan> PlanSizes(std::uint32_t width,
                                              std::uint32_t height,
                                              const Recipe& recipe,
                                              std::uint64_t size_mask);

// What is written: the format asked for, else the source's own. What cannot be
// written back becomes a JPEG, or a PNG where it has alpha.
[[nodiscard]] ImageFormat OutputFormat(const Recipe& recipe, ImageFormat source,
                                       bool alpha);

// The longest side that a format holds.
[[nodiscard]] std::uint64_t LongestSide(ImageFormat format);

// Returns the format of one size: the usual one of the picture's thumbnails. If
// a side is too long for that, it is JPEG, or PNG where the picture has alpha
// or is too long for a JPEG, too.
[[nodiscard]] ImageFormat FormatOfSize(const Placement& place,
                                       ImageFormat usual, bool alpha);

[[nodiscard]] std::uint64_t OutputPixels(const std::vector<SizePlan>& plans);

}  // namespace thumbmill
