// tests/tools/thumbnails.h: makes thumbnails of encoded pictures, for tests.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

#include "proto/size_spec.h"
#include "tests/tools/pictures.h"
#include "worker/thumbnailer.h"

namespace thumbmill::testing {

// Returns a recipe for sizes such as "200x,64x". A test sets the other fields.
inline Recipe RecipeFor(std::string_view sizes, Fit fit = Fit::kInside) {
  Recipe recipe;
  while (!sizes.empty()) {
    const std::size_t comma = sizes.find(',');
    recipe.sizes.push_back(*ParseSize(sizes.substr(0, comma), fit));
    sizes = comma == sizes.npos ? "" : sizes.substr(comma + 1);
  }
  return recipe;
}

// Returns a recipe whose thumbnails are PNGs, so that no coding changes their
// pixels.
inline Recipe PngRecipe(std::string_view sizes, Fit fit = Fit::kInside) {
  Recipe recipe = RecipeFor(sizes, fit);
  recipe.format = ImageFormat::kPng;
  return recipe;
}

struct Made {
  Outcome outcome;
  Bytes output;

  [[nodiscard]] ByteSpan Encoded(std::size_t i = 0) const {
    const ByteRange& range = outcome.thumbnails.at(i).bytes;
    return ByteSpan(output).subspan(range.offset, range.length);
  }
  // Returns the pixels of a JPEG or PNG, or an empty picture after a failure.
  [[nodiscard]] Picture Decoded(std::size_t i = 0) const {
    if (!outcome.ok()) return {};
    return outcome.FormatOf(outcome.thumbnails.at(i)) == ImageFormat::kPng
               ? ReadPng(Encoded(i))
               : ReadJpeg(Encoded(i));
  }
};

// Makes the sizes of `mask`, into `room` bytes.
inline Made Make(ByteSpan image, const Recipe& recipe,
                 std::uint64_t mask = ~std::uint64_t{0},
                 std::size_t room = 4 << 20) {
  Made made;
  made.output.resize(room);
  made.outcome = Thumbnailer(recipe).Run(image, mask, made.output);
  return made;
}

// Makes one thumbnail, which must succeed, and returns its pixels.
inline Picture Thumbnail(ByteSpan image, const Recipe& recipe) {
  const Made made = Make(image, recipe, 1);
  EXPECT_TRUE(made.outcome.ok()) << made.outcome.message;
  return made.Decoded();
}

}  // namespace thumbmill::testing
