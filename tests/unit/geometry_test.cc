// Links: tm_image
#include "worker/image/picture/geometry.h"

#include <gtest/gtest.h>

#include "proto/size_spec.h"

namespace thumbmill {
namespace {

struct Case {
  const char* size;
  Fit fit;
  bool enlarge;
  std::uint32_t width, height;  // size of the source
  std::uint64_t canvas_width, canvas_height;
  std::uint64_t crop_x = 0, crop_y = 0;
  std::uint64_t offset_x = 0, offset_y = 0;
};

Placement PlaceOf(const Case& c) {
  const auto size = ParseSize(c.size, c.fit);
  EXPECT_TRUE(size.has_value()) << c.size;
  return size ? Place(c.width, c.height, *size, c.enlarge) : Placement();
}

class Sizes : public ::testing::TestWithParam<Case> {};

TEST_P(Sizes, GiveTheCanvasThatTheContractNames) {
  const Case& c = GetParam();
  const Placement place = PlaceOf(c);
  EXPECT_EQ(place.canvas_width, c.canvas_width) << c.size;
  EXPECT_EQ(place.canvas_height, c.canvas_height) << c.size;
  EXPECT_EQ(place.crop_x, c.crop_x) << c.size;
  EXPECT_EQ(place.crop_y, c.crop_y) << c.size;
  EXPECT_EQ(place.offset_x, c.offset_x) << c.size;
  EXPECT_EQ(place.offset_y, c.offset_y) << c.size;
  EXPECT_LE(place.crop_x + place.width, place.scaled_width);
  EXPECT_LE(place.crop_y + place.height, place.scaled_height);
}

constexpr Fit kInside = Fit::kInside;

INSTANTIATE_TEST_SUITE_P(
    Contract, Sizes,
    ::testing::Values(
        // Sizes given as a box, a width, a height.
        Case{"200", kInside, false, 400, 300, 200, 150},
        Case{"200x100", kInside, false, 400, 300, 133, 100},
        Case{"200x", kInside, false, 400, 300, 200, 150},
        Case{"x200", kInside, false, 400, 300, 267, 200},
        // Sizes with one dimension ignore the fit.
        Case{"200x", Fit::kFill, false, 400, 300, 200, 150},
        Case{"x150", Fit::kCover, false, 400, 300, 200, 150},
        // Sources smaller than the size: docs/cli.md, the 100x80 source in a
        // box of 200.
        Case{"200", kInside, false, 100, 80, 100, 80},
        Case{"200", Fit::kOutside, false, 100, 80, 100, 80},
        Case{"200", Fit::kCover, false, 100, 80, 100, 80},
        Case{"200", Fit::kContain, false, 100, 80, 200, 200, 0, 0, 50, 60},
        Case{"200", Fit::kFill, false, 100, 80, 200, 200},
        Case{"200x", kInside, false, 100, 80, 100, 80},
        // The same with --enlarge.
        Case{"200", kInside, true, 100, 80, 200, 160},
        Case{"200", Fit::kOutside, true, 100, 80, 250, 200},
        Case{"200", Fit::kCover, true, 100, 80, 200, 200, 25, 0},
        Case{"200", Fit::kContain, true, 100, 80, 200, 200, 0, 0, 0, 20},
        Case{"200x", kInside, true, 100, 80, 200, 160},
        // Sources larger than the size.
        Case{"200", Fit::kOutside, false, 400, 300, 267, 200},
        Case{"200", Fit::kCover, false, 400, 300, 200, 200, 33, 0},
        Case{"200", Fit::kContain, false, 400, 300, 200, 200, 0, 0, 0, 25},
        Case{"200x100", Fit::kFill, false, 400, 300, 200, 100},
        // Cover enlarges nothing, so only the side that is too long is cut.
        Case{"200", Fit::kCover, false, 300, 100, 200, 100, 50, 0},
        // Suffixes override --fit and --enlarge.
        Case{"200!", kInside, false, 100, 80, 200, 200},
        Case{"200x100!", kInside, false, 400, 300, 200, 100},
        Case{"200^", kInside, false, 100, 80, 200, 200, 25, 0},
        Case{"200x100^", kInside, false, 400, 300, 200, 100, 0, 25},
        Case{"200>", kInside, true, 100, 80, 100, 80},
        Case{"200>", kInside, false, 400, 300, 200, 150},
        Case{"200<", kInside, false, 100, 80, 200, 160},
        Case{"200<", kInside, false, 400, 300, 400, 300},
        Case{"200x<", kInside, false, 400, 300, 400, 300},
        // Halves round up, and no side becomes 0.
        Case{"2x", kInside, false, 4, 5, 2, 3},
        Case{"10x", kInside, false, 1000, 3, 10, 1},
        Case{"64x", kInside, false, 1, 400000, 1, 400000},
        // Sources far from square: no side becomes 0, and the other one is
        // right.
        Case{"200", kInside, false, 65535, 3, 200, 1},
        Case{"200", kInside, false, 3, 65535, 1, 200},
        Case{"64x", kInside, true, 1, 400000, 64, 25600000},
        Case{"x64", kInside, false, 400000, 1, 400000, 1},
        Case{"200", Fit::kOutside, false, 65535, 300, 43690, 200},
        Case{"200^", kInside, false, 10000, 10, 200, 200, 99900, 0},
        Case{"200^", kInside, false, 10, 10000, 200, 200, 0, 99900},
        Case{"200", Fit::kContain, false, 65535, 3, 200, 200, 0, 0, 0, 99},
        Case{"200!", kInside, false, 65535, 1, 200, 200},
        Case{"200<", kInside, false, 65535, 1, 65535, 1},
        Case{"200>", kInside, false, 1, 65535, 1, 200}));

TEST(Sizes, SurviveTheLargestPictureThatAHeaderCanName) {
  const Placement place =
      Place(1, 0x7FFFFFFF, *ParseSize("65535x", Fit::kInside), true);
  EXPECT_EQ(place.canvas_width, 65535u);
  EXPECT_EQ(place.canvas_height, std::uint64_t{65535} * 0x7FFFFFFF);
}

}  // namespace
}  // namespace thumbmill
