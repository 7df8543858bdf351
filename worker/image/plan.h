// worker/image/plan.h: decides the placement and the format of each size of a
// task, and the hint to the decoder.
#pragma once

#include <cstdint>
#include <vector>

#include "proto/recipe.h"
#include "worker/image/codec/decoder.h"
#include "worker/image/header/exif.h"
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

// One stored axis of a plane for one size.
struct StoredAxis {
  std::uint64_t scaled;  // length of the whole picture's thumbnail
  std::uint64_t first;   // first sample of the window that is kept
  std::uint64_t count;
  bool mirrored;
};

struct StoredAxes {
  StoredAxis x;
  StoredAxis y;
};

// Returns the place of a thumbnail in the axes of the stored picture, which
// `turn` makes upright.
[[nodiscard]] StoredAxes AxesOf(const Placement& place, Orientation turn);

// Returns the size that the largest thumbnail needs, in stored axes.
[[nodiscard]] DecodeHint HintFor(const std::vector<SizePlan>& plans,
                                 Orientation turn, const Recipe& recipe);

// Returns true if planes of Y, Cb and Cr can go to the encoder with chroma of
// half the size.
[[nodiscard]] bool HalvesChroma(const SizePlan& plan, const Recipe& recipe);
// Returns true if that holds for all sizes.
[[nodiscard]] bool HalvesChroma(const std::vector<SizePlan>& plans,
                                const Recipe& recipe);

}  // namespace thumbmill
