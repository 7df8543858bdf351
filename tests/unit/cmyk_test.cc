// Links: tm_image
//
// CMYK without a profile, against what libvips 8.18 makes of the same inks.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <ostream>

#include "worker/image/colour.h"

namespace thumbmill {
namespace {

struct Print {
  std::array<std::uint8_t, 4> inks;
  std::array<int, 3> rgb;
  friend void PrintTo(const Print& print, std::ostream* out) {
    for (const int ink : print.inks) *out << ink << ' ';
  }
};

std::array<std::uint8_t, 3> ToRgb(const std::array<std::uint8_t, 4>& inks) {
  std::array<std::uint8_t, 3> rgb{};
  CmykToRgb(inks.data(), rgb.data(), 1);
  return rgb;
}

class PrintedColour : public ::testing::TestWithParam<Print> {};

TEST_P(PrintedColour, IsThatOfOthers) {
  const auto rgb = ToRgb(GetParam().inks);
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_NEAR(rgb[c], GetParam().rgb[c], 8) << "channel " << c;
}

INSTANTIATE_TEST_SUITE_P(
    Libvips, PrintedColour,
    ::testing::Values(Print{{0, 0, 0, 0}, {255, 255, 255}},
                      Print{{255, 0, 0, 0}, {0, 153, 227}},
                      Print{{0, 255, 0, 0}, {234, 0, 128}},
                      Print{{0, 0, 255, 0}, {255, 240, 0}},
                      Print{{0, 0, 0, 255}, {20, 5, 0}},
                      Print{{255, 255, 0, 0}, {32, 6, 117}},
                      Print{{255, 0, 255, 0}, {0, 141, 45}},
                      Print{{0, 255, 255, 0}, {232, 0, 0}},
                      Print{{0, 0, 0, 64}, {186, 185, 184}},
                      Print{{0, 0, 0, 128}, {134, 133, 132}},
                      Print{{0, 0, 0, 192}, {81, 78, 76}},
                      Print{{128, 128, 128, 0}, {131, 113, 110}},
                      Print{{64, 32, 32, 16}, {170, 182, 189}},
                      Print{{30, 90, 110, 5}, {214, 156, 129}},
                      Print{{180, 140, 60, 40}, {75, 90, 124}},
                      Print{{100, 20, 120, 30}, {134, 167, 129}},
                      Print{{255, 255, 255, 255}, {0, 0, 0}}));

TEST(Cmyk, PaperIsWhiteAndMoreInkNeverBrighter) {
  EXPECT_EQ(ToRgb({0, 0, 0, 0}), (std::array<std::uint8_t, 3>{255, 255, 255}));
  int last = 3 * 255;
  for (int black = 0; black < 256; ++black) {
    const auto rgb = ToRgb({0, 0, 0, static_cast<std::uint8_t>(black)});
    const int sum = rgb[0] + rgb[1] + rgb[2];
    EXPECT_LE(sum, last) << black;
    EXPECT_GE(sum, last - 12) << black;  // nor with a step
    last = sum;
  }
}

}  // namespace
}  // namespace thumbmill
