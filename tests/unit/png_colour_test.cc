// Links: tm_image tm_recipe tm_pictures
//
// The colours of a PNG by its cICP, sRGB, gAMA and cHRM chunks. Expected values
// are those that Chromium 156 shows of the same files.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <initializer_list>
#include <ostream>
#include <string>

#include "proto/size_spec.h"
#include "tests/tools/pictures.h"
#include "tests/tools/profiles.h"
#include "tests/tools/raw_png.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::Picture;
using testing::RawPng;

Bytes Cicp(std::uint8_t primaries, std::uint8_t transfer,
           std::uint8_t matrix = 0, std::uint8_t full_range = 1) {
  return testing::MakeChunk("cICP",
                            Bytes{primaries, transfer, matrix, full_range});
}

Bytes Numbers(const char* type, std::initializer_list<double> values) {
  Bytes data;
  for (const double value : values)
    for (int shift = 24; shift >= 0; shift -= 8)
      data.push_back(static_cast<std::uint8_t>(
          static_cast<std::uint32_t>(std::lround(value * 100000)) >> shift));
  return testing::MakeChunk(type, data);
}

Bytes Gamma(double value) { return Numbers("gAMA", {value}); }
Bytes SrgbPrimaries() {
  return Numbers("cHRM", {0.3127, 0.329, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06});
}
Bytes P3Primaries() {
  return Numbers("cHRM", {0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06});
}
Bytes Srgb(std::uint8_t intent = 0) {
  return testing::MakeChunk("sRGB", Bytes{intent});
}
Bytes Damaged(Bytes chunk) {
  chunk.back() ^= 1;  // its check sum
  return chunk;
}
Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// 16x16 of one colour.
RawPng FlatPng(std::uint8_t colour_type, std::uint8_t bits,
               const Bytes& pixel) {
  RawPng png;
  png.width = png.height = 16;
  png.bits = bits;
  png.colour_type = colour_type;
  Bytes raster;
  for (int y = 0; y < 16; ++y) {
    raster.push_back(0);
    for (int x = 0; x < 16; ++x) raster = raster + pixel;
  }
  png.stream = testing::Deflated(raster);
  return png;
}

struct Made {
  Outcome outcome;
  Picture picture;
  Bytes icc;
};

Made Make(const Bytes& file, const char* keep = "none",
          FailOn fail_on = FailOn::kError) {
  Recipe recipe;
  recipe.sizes.push_back(*ParseSize("8x", Fit::kInside));
  recipe.format = ImageFormat::kPng;
  recipe.keep = *ParseKeep(keep);
  recipe.fail_on = fail_on;
  Bytes bytes(1 << 16);
  Made made;
  made.outcome = Thumbnailer(recipe).Run(file, 1, bytes);
  EXPECT_EQ(made.outcome.message, "");
  if (!made.outcome.ok()) return made;
  bytes.resize(made.outcome.thumbnails[0].bytes.length);
  made.picture = testing::ReadPng(bytes);
  made.icc = testing::ReadAttached(bytes).icc;
  return made;
}

using Colour = std::array<int, 3>;

Colour First(const Picture& picture) {
  Colour colour{};
  for (int c = 0; c < 3; ++c)
    colour[static_cast<std::size_t>(c)] =
        picture.At(4, 4, picture.channels < 3 ? 0 : c);
  return colour;
}

void ExpectColour(const Colour& expected, const Made& made,
                  const std::string& what) {
  ASSERT_TRUE(made.outcome.ok()) << what;
  const Colour actual = First(made.picture);
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_NEAR(expected[c], actual[c], 1) << what << ", channel " << c;
}

// ---- which chunk counts --------------------------------------------------

struct Head {
  const char* name;
  Bytes chunks;
  Colour green;  // what 40, 180, 60 becomes
  bool warns = false;
  friend void PrintTo(const Head& head, std::ostream* out) {
    *out << head.name;
  }
};

constexpr Colour kSame = {40, 180, 60}, kP3 = {0, 183, 30},
                 kLinear = {110, 219, 133}, kP3Gamma = {0, 185, 23};

class PngHead : public ::testing::TestWithParam<Head> {};

TEST_P(PngHead, GivesTheColoursThatChromiumShows) {
  RawPng png = FlatPng(2, 8, {40, 180, 60});
  png.head = GetParam().chunks;
  const Made made = Make(testing::AssemblePng(png));
  ExpectColour(GetParam().green, made, GetParam().name);
  EXPECT_EQ(!made.outcome.warnings.empty(), GetParam().warns);
}

INSTANTIATE_TEST_SUITE_P(
    Chunks, PngHead,
    ::testing::Values(
        Head{"none", {}, kSame}, Head{"cICP", Cicp(12, 13), kP3},
        Head{"cICP of sRGB", Cicp(1, 13), kSame},
        Head{"cICP before all", Srgb() + Gamma(1) + Cicp(12, 13), kP3},
        Head{"the first cICP", Cicp(12, 13) + Cicp(9, 13), kP3},
        Head{"damaged cICP", Damaged(Cicp(12, 13)) + Gamma(1), kLinear, true},
        Head{"cICP of nothing known", Cicp(3, 13) + Gamma(1), kLinear, true},
        Head{"unspecified cICP", Cicp(12, 2) + Gamma(1), kLinear, true},
        Head{"cICP of Y, Cb and Cr", Cicp(12, 13, 9) + Gamma(1), kLinear, true},
        Head{"cICP of narrow range", Cicp(12, 13, 0, 0), kSame, true},
        Head{"cICP cut short",
             testing::MakeChunk("cICP", Bytes{12, 13, 0}) + Gamma(1), kLinear,
             true},
        Head{"sRGB before gAMA", Gamma(1) + P3Primaries() + Srgb(), kSame},
        Head{"sRGB of no intent", Srgb(9) + Gamma(1), kLinear, true},
        Head{"gAMA", Gamma(1), kLinear},
        Head{"gAMA of sRGB", Gamma(0.45455), kSame},
        Head{"gAMA 1 % below", Gamma(0.45), kSame},
        Head{"gAMA 1 % above", Gamma(0.459), kSame},
        Head{"gAMA and cHRM of sRGB", Gamma(0.45455) + SrgbPrimaries(), kSame},
        Head{"gAMA 0.35", Gamma(0.35), {16, 164, 34}},
        Head{"gAMA 2.5", Gamma(2.5), {184, 240, 197}},
        Head{"gAMA 0", Gamma(0), kSame, true},
        Head{"gAMA beyond all", Gamma(20000), kSame, true},
        Head{"damaged gAMA", Damaged(Gamma(1)), kSame, true},
        Head{"the first gAMA", Gamma(1) + Gamma(0.45455), kLinear},
        Head{"cHRM alone", P3Primaries(), kSame},
        Head{"cHRM and gAMA", P3Primaries() + Gamma(0.45455), kP3Gamma},
        Head{"gAMA and cHRM", Gamma(0.45455) + P3Primaries(), kP3Gamma},
        Head{"cHRM of a point",
             Numbers("cHRM", {.3, .3, .3, .3, .3, .3, .3, .3}) + Gamma(1),
             kSame, true},
        Head{"cHRM of noughts",
             Numbers("cHRM", {0, 0, 0, 0, 0, 0, 0, 0}) + Gamma(1), kSame, true},
        Head{"cHRM without white's light",
             Numbers("cHRM", {.3, 0, .64, .33, .3, .6, .15, .06}) + Gamma(1),
             kSame, true},
        Head{"damaged cHRM", Damaged(P3Primaries()) + Gamma(1), kLinear,
             true}));

TEST(PngColour, ChunksAfterTheDataDoNotCount) {
  RawPng png = FlatPng(2, 8, {40, 180, 60});
  png.tail = Cicp(12, 13) + Gamma(1);
  ExpectColour(kSame, Make(testing::AssemblePng(png)), "behind the data");
}

}  // namespace
}  // namespace thumbmill
