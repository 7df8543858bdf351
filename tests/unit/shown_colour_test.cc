// Links: tm_image
//
// Tests colour spaces by code points against colours that Chromium shows for
// the same codes.
#include <gtest/gtest.h>

#include <array>
#include <ostream>
#include <string>

#include "tests/unit/rgb_colours.h"

namespace thumbmill {
namespace {

struct Shown {
  std::uint8_t primaries, transfer;
  std::array<int, 4> greys;  // results for 32, 96, 160 and 224
  Colour colours[3];
  friend void PrintTo(const Shown& shown, std::ostream* out) {
    *out << int{shown.primaries} << '/' << int{shown.transfer};
  }
};

class ShownColour : public ::testing::TestWithParam<Shown> {};

TEST_P(ShownColour, IsThatOfChromium) {
  const Shown& shown = GetParam();
  ASSERT_TRUE(PrimariesOf(shown.primaries));
  ASSERT_TRUE(CurveOf(shown.transfer, VideoCurves::kBt1886));
  const RgbSpace space =
      SpaceOf(shown.primaries, shown.transfer, VideoCurves::kBt1886);
  constexpr Colour kColours[] = {{200, 40, 40}, {40, 180, 60}, {40, 60, 200}};
  for (const bool wide : {false, true}) {
    for (std::size_t i = 0; i < 4; ++i) {
      const int grey = 32 + 64 * static_cast<int>(i);
      const int expected = shown.greys[i];
      ExpectNear({expected, expected, expected},
                 ToSrgb(space, {grey, grey, grey}, wide), 1, "grey");
      EXPECT_NEAR(expected, GreyToSrgb(space, grey, wide), 1);
    }
    for (std::size_t i = 0; i < 3; ++i)
      ExpectNear(shown.colours[i], ToSrgb(space, kColours[i], wide), 1,
                 "colour");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Chromium, ShownColour,
    ::testing::Values(
        Shown{1,
              1,
              {20, 87, 155, 222},
              {{197, 28, 28}, {28, 176, 49}, {28, 49, 197}}},
        Shown{1,
              4,
              {26, 96, 161, 225},
              {{201, 35, 35}, {35, 181, 57}, {35, 57, 201}}},
        Shown{1,
              5,
              {10, 72, 142, 217},
              {{189, 17, 17}, {17, 165, 36}, {17, 36, 189}}},
        Shown{1,
              6,
              {20, 87, 155, 222},
              {{197, 28, 28}, {28, 176, 49}, {28, 49, 197}}},
        Shown{1,
              7,
              {50, 112, 170, 228},
              {{206, 58, 58}, {58, 188, 77}, {58, 77, 206}}},
        Shown{1,
              8,
              {99, 165, 208, 241},
              {{229, 110, 110}, {110, 219, 133}, {110, 133, 229}}},
        Shown{1,
              11,
              {20, 87, 155, 222},
              {{197, 28, 28}, {28, 176, 49}, {28, 49, 197}}},
        Shown{1,
              13,
              {32, 96, 160, 224},
              {{200, 40, 40}, {40, 180, 60}, {40, 60, 200}}},
        Shown{1,
              14,
              {20, 87, 155, 222},
              {{197, 28, 28}, {28, 176, 49}, {28, 49, 197}}},
        Shown{1,
              15,
              {20, 87, 155, 222},
              {{197, 28, 28}, {28, 176, 49}, {28, 49, 197}}},
        Shown{1,
              16,
              {5, 70, 213, 255},
              {{255, 4, 4}, {5, 248, 18}, {3, 11, 255}}},
        Shown{1,
              17,
              {15, 83, 154, 228},
              {{200, 23, 23}, {23, 177, 44}, {23, 44, 200}}},
        Shown{1,
              18,
              {14, 71, 135, 228},
              {{181, 29, 29}, {31, 162, 50}, {26, 42, 170}}},
        Shown{
            9, 1, {20, 87, 155, 222}, {{246, 0, 6}, {0, 186, 0}, {0, 48, 207}}},
        Shown{9,
              14,
              {20, 87, 155, 222},
              {{246, 0, 6}, {0, 186, 0}, {0, 48, 207}}},
        Shown{9,
              13,
              {32, 96, 160, 224},
              {{249, 0, 27}, {0, 190, 14}, {0, 59, 210}}},
        Shown{
            9, 16, {5, 70, 213, 255}, {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}}},
        Shown{9,
              18,
              {14, 71, 135, 228},
              {{230, 0, 13}, {0, 170, 0}, {0, 40, 177}}},
        Shown{12,
              13,
              {32, 96, 160, 224},
              {{218, 0, 26}, {0, 183, 30}, {34, 61, 208}}},
        Shown{12,
              1,
              {20, 87, 155, 222},
              {{215, 0, 3}, {0, 179, 0}, {21, 50, 205}}},
        Shown{5,
              13,
              {32, 96, 160, 224},
              {{204, 40, 40}, {6, 180, 63}, {39, 60, 199}}},
        Shown{5,
              4,
              {26, 96, 161, 225},
              {{205, 35, 35}, {0, 181, 61}, {34, 57, 200}}},
        Shown{4,
              13,
              {32, 96, 160, 224},
              {{237, 21, 18}, {0, 177, 46}, {0, 82, 206}}},
        Shown{6,
              13,
              {32, 96, 160, 224},
              {{195, 49, 39}, {59, 177, 59}, {47, 65, 201}}},
        Shown{7,
              13,
              {32, 96, 160, 224},
              {{195, 49, 39}, {59, 177, 59}, {47, 65, 201}}},
        Shown{8,
              13,
              {32, 96, 160, 224},
              {{227, 0, 24}, {0, 185, 39}, {24, 54, 207}}},
        Shown{10,
              13,
              {32, 96, 160, 224},
              {{255, 0, 67}, {0, 240, 0}, {0, 85, 212}}},
        Shown{11,
              13,
              {32, 96, 160, 224},
              {{213, 0, 27}, {0, 183, 30}, {34, 59, 208}}},
        Shown{22,
              13,
              {32, 96, 160, 224},
              {{202, 50, 39}, {25, 176, 60}, {40, 70, 200}}}));

}  // namespace
}  // namespace thumbmill
