// Links: tm_image
// Dictionary: image.dict
//
// Whole images, small limits. The same input must give the same answer twice,
// and thumbnails that lie within the output.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "worker/thumbnailer.h"

namespace {

using namespace thumbmill;

Recipe MakeRecipe(FailOn fail_on, ImageFormat format) {
  Recipe recipe;
  recipe.sizes.resize(2);
  recipe.sizes[0].width = 32;
  recipe.sizes[1].width = recipe.sizes[1].height = 20;
  recipe.sizes[1].fit = Fit::kCover;
  recipe.fail_on = fail_on;
  recipe.format = format;
  recipe.limits.max_pixels = 1 << 20;
  recipe.limits.max_scans = 20;
  recipe.limits.max_output_pixels = 1 << 16;
  recipe.limits.max_peak_bytes = 64 << 20;
  return recipe;
}

void Check(const Recipe& recipe, ByteSpan bytes) {
  static std::vector<std::uint8_t> first(64 << 10), second(64 << 10);
  Thumbnailer one(recipe), other(recipe);
  const Outcome a = one.Run(bytes, 3, first);
  const Outcome b = other.Run(bytes, 3, second);
  if (a.reason != b.reason || a.message != b.message ||
      a.thumbnails.size() != b.thumbnails.size() ||
      a.needs_output_bytes != b.needs_output_bytes)
    std::abort();
  for (std::size_t i = 0; i < a.thumbnails.size(); ++i) {
    const ByteRange& range = a.thumbnails[i].bytes;
    if (range.offset > first.size() ||
        range.length > first.size() - range.offset)
      std::abort();
    for (std::uint64_t at = 0; at < range.length; ++at)
      if (first[range.offset + at] != second[range.offset + at]) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const Recipe strict =
      MakeRecipe(FailOn::kError, ImageFormat::kUnknown);
  static const Recipe lax = MakeRecipe(FailOn::kNone, ImageFormat::kJpeg);
  const ByteSpan bytes(data, size);
  Check(strict, bytes);
  Check(lax, bytes);
  return 0;
}
