// Links: tm_image tm_recipe tm_pictures
//
// Tests the colours of an AVIF that the code points of its nclx box, or of the
// coded picture, name. Expected values are those that Chromium 156 shows.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/tools/pictures.h"
#include "tests/tools/profiles.h"
#include "tests/unit/full_size.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

using testing::AvifOptions;
using testing::Bytes;
using testing::FullSize;
using testing::Picture;
using testing::Pixels;
using testing::WriteAvif;

using Colour = std::array<int, 3>;
constexpr Colour kStored[] = {
    {200, 40, 40}, {40, 180, 60}, {40, 60, 200}, {160, 160, 160}};

// Makes stripes of 16 columns, one for each stored colour.
Picture Stripes(int channels) {
  Picture picture{64, 32, channels, {}};
  for (std::uint32_t y = 0; y < picture.height; ++y)
    for (std::uint32_t x = 0; x < picture.width; ++x) {
      for (std::size_t c = 0; c < 3; ++c)
        picture.samples.push_back(
            static_cast<std::uint8_t>(kStored[x / 16][c]));
      if (channels == 4) picture.samples.push_back(128);
    }
  return picture;
}

struct Space {
  int primaries, transfer;
  std::array<Colour, 4> shown;
};

const Space kSpaces[] = {
    {1, 13, {{{200, 40, 40}, {40, 180, 60}, {40, 60, 200}, {160, 160, 160}}}},
    // The curve of television (1) is read as that of sRGB.
    {1, 1, {{{200, 40, 40}, {40, 180, 60}, {40, 60, 200}, {160, 160, 160}}}},
    {2, 2, {{{200, 40, 40}, {40, 180, 60}, {40, 60, 200}, {160, 160, 160}}}},
    {12, 13, {{{218, 0, 26}, {0, 183, 30}, {34, 61, 208}, {160, 160, 160}}}},
    {12, 1, {{{218, 0, 26}, {0, 183, 30}, {34, 61, 208}, {160, 160, 160}}}},
    {9, 13, {{{249, 0, 27}, {0, 190, 14}, {0, 59, 210}, {160, 160, 160}}}},
    {9, 14, {{{249, 0, 27}, {0, 190, 14}, {0, 59, 210}, {160, 160, 160}}}},
    {9, 16, {{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {213, 213, 213}}}},
    {9, 18, {{{230, 0, 13}, {0, 170, 0}, {0, 40, 177}, {135, 135, 135}}}},
    {1,
     8,
     {{{229, 110, 110}, {110, 219, 133}, {110, 133, 229}, {208, 208, 208}}}},
    {1, 4, {{{201, 35, 35}, {35, 181, 57}, {35, 57, 201}, {161, 161, 161}}}},
};

// Quantised chroma costs some levels, and more where the curve is steep.
constexpr int kTolerance = 7;

void ExpectShown(const Space& space, const AvifOptions& base, int channels,
                 const std::string& what) {
  AvifOptions options = base;
  options.primaries = space.primaries;
  options.transfer = space.transfer;
  options.quantizer = 0;
  const Picture picture = Pixels(WriteAvif(Stripes(channels), options));
  ASSERT_EQ(picture.channels, channels);
  for (std::uint32_t i = 0; i < 4; ++i)
    for (int c = 0; c < 3; ++c)
      EXPECT_NEAR(picture.At(8 + 16 * i, 16, c),
                  space.shown[i][static_cast<std::size_t>(c)], kTolerance)
          << what << " " << space.primaries << "/" << space.transfer
          << ", colour " << i << ", channel " << c;
}

TEST(AvifColour, CodePointsAreConvertedInEveryShape) {
  struct Shape {
    const char* name;
    AvifOptions options;
    int channels;
  };
  const Shape shapes[] = {
      {"planes", {.sampling = 444}, 3},
      {"halved planes", {.sampling = 420}, 3},
      {"planes of video", {.sampling = 444, .limited = true, .matrix = 9}, 3},
      {"10 bits", {.bits = 10, .sampling = 444, .matrix = 1}, 3},
      {"12 bits", {.bits = 12, .sampling = 444, .matrix = 9}, 3},
      {"alpha", {.sampling = 444}, 4},
      {"RGB", {.sampling = 444, .matrix = 0}, 3},
      {"weights of the primaries", {.sampling = 444, .matrix = 12}, 3},
  };
  for (const Shape& shape : shapes)
    for (const Space& space : kSpaces) {
      if (shape.options.matrix == 12 && space.primaries == 2) continue;
      ExpectShown(space, shape.options, shape.channels, shape.name);
    }
}

TEST(AvifColour, GreyHasACurveToo) {
  Picture grey{16, 16, 1, Bytes(256, 160)};
  const std::pair<int, int> shown[] = {{13, 160}, {1, 160},  {8, 208},
                                       {4, 161},  {16, 213}, {18, 135}};
  for (const auto& [transfer, level] : shown)
    for (const int bits : {8, 10})
      for (const bool limited : {false, true}) {
        const Picture picture = Pixels(WriteAvif(grey, {.bits = bits,
                                                        .sampling = 400,
                                                        .limited = limited,
                                                        .primaries = 9,
                                                        .transfer = transfer,
                                                        .quantizer = 0}));
        EXPECT_EQ(picture.channels, 1);
        EXPECT_NEAR(picture.At(8, 8, 0), level, 3) << transfer << " " << bits;
      }
}

// The matrix still counts: without it the colours would be wrong.
TEST(AvifColour, AProfileWinsOverCodePoints) {
  const Bytes profile = testing::SrgbProfile();
  for (const int bits : {8, 10}) {
    const Picture picture = Pixels(
        WriteAvif(Stripes(3), {.bits = bits,
                               .sampling = 444,
                               .matrix = 9,
                               .primaries = 9,
                               .transfer = 16,
                               .quantizer = 0,
                               .icc = {profile.begin(), profile.end()}}));
    for (std::uint32_t i = 0; i < 4; ++i)
      for (int c = 0; c < 3; ++c)
        EXPECT_NEAR(picture.At(8 + 16 * i, 16, c),
                    kStored[i][static_cast<std::size_t>(c)], 4);
  }
}

}  // namespace
}  // namespace thumbmill
