// Links: tm_image
// Dictionary: image.dict
// Mutator: image_mutator.cc
//
// Makes thumbnails of whole images under small limits, and checks that they lie
// within the output. Each execution uses one recipe, chosen by the length of
// the input, so that a change which keeps the length keeps the recipe. One
// input in a hundred runs twice and must give the same answer.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "worker/thumbnailer.h"

namespace {

using namespace thumbmill;

constexpr std::uint64_t kMadeTwice = 100;

Recipe MakeRecipe(FailOn fail_on, ImageFormat format) {
  Recipe recipe;
  recipe.sizes.resize(2);
  recipe.sizes[0].width = 32;
  recipe.sizes[1].width = recipe.sizes[1].height = 20;
  recipe.sizes[1].fit = Fit::kCover;
  recipe.fail_on = fail_on;
  recipe.format = format;
  recipe.limits.max_pixels = 1 << 16;
  recipe.limits.max_scans = 20;
  // A picture of 1x30876 is its own thumbnail at width 32, and its weight table
  // takes half a second in a build with sanitizers.
  recipe.limits.max_output_pixels = 1 << 13;
  recipe.limits.max_peak_bytes = 64 << 20;
  return recipe;
}

std::array<Recipe, 4> MakeRecipes() {
  std::array<Recipe, 4> recipes = {
      MakeRecipe(FailOn::kError, ImageFormat::kUnknown),
      MakeRecipe(FailOn::kNone, ImageFormat::kJpeg),
      MakeRecipe(FailOn::kTruncated, ImageFormat::kPng),
      MakeRecipe(FailOn::kNone, ImageFormat::kJpeg)};
  recipes[0].keep = {.icc = true, .exif = true, .copyright = false};
  recipes[1].enlarge = true;
  recipes[1].rotate = false;
  recipes[2].linear = true;  // slow: converts each sample to linear light
  recipes[2].limits.max_pixels = 1 << 14;
  recipes[3].sizes[0].width = 300;  // large enough for planes at full size
  recipes[3].jpeg_quality = 95;
  return recipes;
}

// Returns the FNV-1a hash.
std::uint64_t HashOf(ByteSpan bytes) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001B3;
  return hash;
}

struct Made {
  Outcome outcome;
  MutableByteSpan output;
};

Made Make(const Recipe& recipe, ByteSpan bytes, MutableByteSpan output) {
  Thumbnailer thumbnailer(recipe);
  Made made{thumbnailer.Run(bytes, 3, output), output};
  for (const Thumbnail& thumbnail : made.outcome.thumbnails) {
    const ByteRange& range = thumbnail.bytes;
    if (range.offset > output.size() ||
        range.length > output.size() - range.offset)
      std::abort();
  }
  return made;
}

void MustBeEqual(const Made& made, const Made& again) {
  const Outcome &a = made.outcome, &b = again.outcome;
  if (a.reason != b.reason || a.message != b.message ||
      a.warnings != b.warnings || a.thumbnails.size() != b.thumbnails.size() ||
      a.needs_output_bytes != b.needs_output_bytes)
    std::abort();
  for (std::size_t i = 0; i < a.thumbnails.size(); ++i) {
    const ByteRange &one = a.thumbnails[i].bytes, &two = b.thumbnails[i].bytes;
    if (one.offset != two.offset || one.length != two.length ||
        std::memcmp(made.output.data() + one.offset,
                    again.output.data() + two.offset, one.length) != 0)
      std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const std::array<Recipe, 4> recipes = MakeRecipes();
  static std::vector<std::uint8_t> output(64 << 10), other(64 << 10);
  const ByteSpan bytes(data, size);
  const Recipe& recipe = recipes[size % recipes.size()];
  const Made made = Make(recipe, bytes, output);
  if (HashOf(bytes) % kMadeTwice == 0)
    MustBeEqual(made, Make(recipe, bytes, other));
  return 0;
}
