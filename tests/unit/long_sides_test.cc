// Links: tm_image tm_recipe tm_pictures
//
// Tests sizes with a side that is too long for the format of the other sizes.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "proto/size_spec.h"
#include "tests/tools/pictures.h"
#include "worker/image/codec/peek.h"
#include "worker/image/plan.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::Kind;
using testing::MakePicture;
using testing::Picture;

Recipe RecipeFor(const std::vector<std::string_view>& sizes,
                 ImageFormat format) {
  Recipe recipe;
  for (const std::string_view size : sizes)
    recipe.sizes.push_back(*ParseSize(size, Fit::kInside));
  recipe.format = format;
  return recipe;
}

struct Made {
  Outcome outcome;
  Bytes output;

  [[nodiscard]] ByteSpan Encoded(std::size_t i) const {
    const ByteRange& range = outcome.thumbnails.at(i).bytes;
    return ByteSpan(output).subspan(range.offset, range.length);
  }
  // Returns the format of the bytes, and checks that the outcome names it too.
  [[nodiscard]] ImageFormat Format(std::size_t i) const {
    const ImageFormat format = Sniff(Encoded(i)).format;
    EXPECT_EQ(outcome.FormatOf(outcome.thumbnails.at(i)), format);
    return format;
  }
};

// Runs with exactly the predicted output space and memory.
Made Make(ByteSpan bytes, const Recipe& recipe) {
  const CostEstimate cost = EstimateCost(*PeekHeader(bytes), recipe, ~0ull);
  Made made;
  made.output.resize(cost.output_bytes);
  made.outcome = Thumbnailer(recipe).Run(bytes, ~0ull, made.output);
  EXPECT_TRUE(made.outcome.ok())
      << made.outcome.message << " " << made.outcome.needs_output_bytes;
  EXPECT_TRUE(made.outcome.warnings.empty());
  return made;
}

// Makes a strip that is 2 pixels high.
Picture Strip(std::uint32_t width, int channels) {
  return MakePicture(Kind::kGradient, width, 2, channels, 1);
}

TEST(LongSides, WhatIsTooLongForWebpIsAJpegOrWithAlphaAPng) {
  for (const int channels : {3, 4}) {
    const Bytes png = testing::WritePng(Strip(20000, channels));
    const Recipe recipe =
        RecipeFor({"100x", "16383x", "16384x", "20000x"}, ImageFormat::kWebp);
    const Made made = Make(png, recipe);
    ASSERT_EQ(made.outcome.thumbnails.size(), 4u);
    EXPECT_EQ(made.outcome.output_format, ImageFormat::kWebp);
    const ImageFormat instead =
        channels == 4 ? ImageFormat::kPng : ImageFormat::kJpeg;
    EXPECT_EQ(made.Format(0), ImageFormat::kWebp);
    EXPECT_EQ(made.Format(1), ImageFormat::kWebp);
    EXPECT_EQ(made.Format(2), instead);
    EXPECT_EQ(made.Format(3), instead);
    EXPECT_EQ(PeekHeader(made.Encoded(3))->width, 20000u);
  }
}

TEST(LongSides, WhatIsTooLongForJpegIsAPng) {
  const Bytes png = testing::WritePng(Strip(70000, 3));
  // The suffix "<" keeps a larger source, so the last one is too long for JPEG.
  const Made jpeg =
      Make(png, RecipeFor({"100x", "65500x", "100x<"}, ImageFormat::kJpeg));
  ASSERT_EQ(jpeg.outcome.thumbnails.size(), 3u);
  EXPECT_EQ(jpeg.Format(0), ImageFormat::kJpeg);
  EXPECT_EQ(jpeg.Format(1), ImageFormat::kJpeg);
  EXPECT_EQ(jpeg.Format(2), ImageFormat::kPng);
  EXPECT_EQ(PeekHeader(jpeg.Encoded(2))->width, 70000u);
  const Made webp =
      Make(png, RecipeFor({"100x", "65501x"}, ImageFormat::kWebp));
  EXPECT_EQ(webp.Format(0), ImageFormat::kWebp);
  EXPECT_EQ(webp.Format(1), ImageFormat::kPng);
}

TEST(LongSides, TheFormatOfTheSourceCountsLikeOneAskedFor) {
  // Enlarges beyond the longest side of a WebP.
  Recipe recipe = RecipeFor({"100x", "16500x2!"}, ImageFormat::kUnknown);
  for (const int channels : {3, 4}) {
    const Made made = Make(testing::WriteWebp(Strip(200, channels)), recipe);
    ASSERT_EQ(made.outcome.thumbnails.size(), 2u);
    EXPECT_EQ(made.Format(0), ImageFormat::kWebp);
    EXPECT_EQ(made.Format(1),
              channels == 4 ? ImageFormat::kPng : ImageFormat::kJpeg);
  }
  recipe = RecipeFor({"100x", "65501x2!"}, ImageFormat::kUnknown);
  const Made made = Make(testing::WriteJpeg(Strip(200, 3)), recipe);
  EXPECT_EQ(made.Format(0), ImageFormat::kJpeg);
  EXPECT_EQ(made.Format(1), ImageFormat::kPng);
}

TEST(LongSides, TheHeightCountsAsMuchAndSoDoesTheCanvas) {
  const Bytes png =
      testing::WritePng(MakePicture(Kind::kGradient, 2, 300, 3, 1));
  Recipe recipe = RecipeFor({"2x16384!", "20000x2"}, ImageFormat::kWebp);
  recipe.sizes[1].fit = Fit::kContain;
  const Made made = Make(png, recipe);
  EXPECT_EQ(made.Format(0), ImageFormat::kJpeg);
  EXPECT_EQ(made.Format(1), ImageFormat::kJpeg);
  EXPECT_EQ(PeekHeader(made.Encoded(1))->width, 20000u);
}

TEST(LongSides, TheOtherSizesAreTheSameBytes) {
  const Bytes png = testing::WritePng(Strip(20000, 3));
  const Made alone = Make(png, RecipeFor({"100x"}, ImageFormat::kWebp));
  const Made both =
      Make(png, RecipeFor({"100x", "20000x"}, ImageFormat::kWebp));
  EXPECT_TRUE(std::ranges::equal(alone.Encoded(0), both.Encoded(0)));
}

}  // namespace
}  // namespace thumbmill
