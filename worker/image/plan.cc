#include "worker/image/plan.h"

#include <algorithm>

#include "worker/image/codec/formats.h"

namespace thumbmill {

std::vector<SizePlan> PlanSizes(std::uint32_t width, std::uint32_t height,
                                const Recipe& recipe, std::uint64_t size_mask) {
  std::vector<SizePlan> plans;
  for (std::uint32_t i = 0; i < recipe.sizes.size() && i < kMaxSizes; ++i)
    if ((size_mask >> i & 1) != 0)
      plans.push_back(
          {i, Place(width, height, recipe.sizes[i], recipe.enlarge)});
  return plans;
}

ImageFormat OutputFormat(const Recipe& recipe, ImageFormat source, bool alpha) {
  if (recipe.format != ImageFormat::kUnknown) return recipe.format;
  if (CanBeWritten(source)) return source;
  return alpha ? ImageFormat::kPng : ImageFormat::kJpeg;
}

ImageFormat FormatOfSize(const Placement& place, ImageFormat usual,
                         bool alpha) {
  const std::uint64_t side = std::max(place.canvas_width, place.canvas_height);
  if (side <= WriterOf(usual).longest_side) return usual;
  return alpha || side > kMaxJpegSide ? ImageFormat::kPng : ImageFormat::kJpeg;
}

std::uint64_t OutputPixels(const std::vector<SizePlan>& plans) {
  std::uint64_t pixels = 0;
  for (const SizePlan& plan : plans)
    if (__builtin_add_overflow(pixels, plan.place.pixels(), &pixels))
      return UINT64_MAX;
  return pixels;
}

StoredAxes AxesOf(const Placement& place, Orientation turn) {
  const StoredAxis x{place.scaled_width, place.crop_x, place.width,
                     turn.mirror_x};
  const StoredAxis y{place.scaled_height, place.crop_y, place.height,
                     turn.mirror_y};
  return turn.transpose ? StoredAxes{y, x} : StoredAxes{x, y};
}

DecodeHint HintFor(const std::vector<SizePlan>& plans, Orientation turn,
                   const Recipe& recipe) {
  // A placement may be longer than 32 bits can say; limits come later.
  const auto longer = [](std::uint32_t length, const StoredAxis& axis) {
    return std::max(length, static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                axis.scaled, UINT32_MAX)));
  };
  DecodeHint hint;
  hint.exact = WantsExact(recipe);
  for (const SizePlan& plan : plans) {
    const StoredAxes axes = AxesOf(plan.place, turn);
    hint.width = longer(hint.width, axes.x);
    hint.height = longer(hint.height, axes.y);
  }
  return hint;
}

bool HalvesChroma(const SizePlan& plan, const Recipe& recipe) {
  if (plan.place.padded()) return false;
  const auto halves = WriterOf(plan.format).halves_chroma;
  return halves != nullptr && halves(recipe);
}

bool HalvesChroma(const std::vector<SizePlan>& plans, const Recipe& recipe) {
  return std::all_of(plans.begin(), plans.end(), [&](const SizePlan& plan) {
    return HalvesChroma(plan, recipe);
  });
}

}  // namespace thumbmill
