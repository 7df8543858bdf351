// Links: tm_image tm_recipe tm_pictures
//
// Tests the colours of a PNG by its cICP, sRGB, gAMA and cHRM chunks. Expected
// values are those that Chromium 156 shows for the same files.
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
#include "tests/tools/thumbnails.h"

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
  chunk.back() ^= 1;  // part of its check sum
  return chunk;
}
Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Makes 16x16 pixels of one colour.
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
          FailOn fail_on = FailOn::kError, bool linear = false) {
  Recipe recipe = testing::PngRecipe("8x");
  recipe.linear = linear;
  recipe.keep = *ParseKeep(keep);
  recipe.fail_on = fail_on;
  const testing::Made made = testing::Make(file, recipe);
  EXPECT_EQ(made.outcome.message, "");
  if (!made.outcome.ok()) return {made.outcome, {}, {}};
  return {made.outcome, made.Decoded(),
          testing::ReadAttached(made.Encoded()).icc};
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

// ---- the chunk that counts ----------------------------------------------

struct Head {
  const char* name;
  Bytes chunks;
  Colour green;  // result for 40, 180, 60
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
        Head{"the first cICP", Cicp(12, 13) + Cicp(9, 13), kP3, true},
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
        Head{"the first gAMA", Gamma(1) + Gamma(0.45455), kLinear, true},
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

TEST(PngColour, CicpBehindThePaletteDoesNotCount) {
  RawPng png = FlatPng(3, 8, {1});
  const Bytes palette = {0, 0, 0, 40, 180, 60};
  png.head = testing::MakeChunk("PLTE", palette) + Cicp(12, 13);
  ExpectColour(kSame, Make(testing::AssemblePng(png)), "behind PLTE");
  png.head = testing::MakeChunk("PLTE", palette) + Gamma(1);
  ExpectColour(kLinear, Make(testing::AssemblePng(png)), "gAMA");
}

// ---- all kinds of samples ------------------------------------------------

TEST(PngColour, CountsForEachKindOfSamples) {
  const struct {
    const char* name;
    RawPng png;
    Colour shown;
    int channels;
  } kinds[] = {
      {"grey", FlatPng(0, 8, {64}), {137, 137, 137}, 1},
      {"grey of 16 bits", FlatPng(0, 16, {64, 64}), {137, 137, 137}, 1},
      {"grey and alpha", FlatPng(4, 8, {64, 255}), {137, 137, 137}, 2},
      {"colour", FlatPng(2, 8, {40, 180, 60}), kLinear, 3},
      {"16 bits", FlatPng(2, 16, {40, 40, 180, 180, 60, 60}), kLinear, 3},
      {"alpha", FlatPng(6, 8, {40, 180, 60, 128}), kLinear, 4},
      {"alpha of 16 bits", FlatPng(6, 16, {40, 40, 180, 180, 60, 60, 1, 1}),
       kLinear, 4},
      {"palette", FlatPng(3, 8, {1}), kLinear, 3},
      {"palette with alpha", FlatPng(3, 8, {1}), kLinear, 4},
  };
  for (const auto& kind : kinds) {
    RawPng png = kind.png;
    if (png.colour_type == 3) png.palette = {0, 0, 0, 40, 180, 60};
    if (kind.channels == 4 && png.colour_type == 3)
      png.transparency = {255, 128};
    png.head = Gamma(1);
    const Made made = Make(testing::AssemblePng(png));
    ExpectColour(kind.shown, made, kind.name);
    EXPECT_EQ(made.picture.channels, kind.channels) << kind.name;
  }
}

TEST(PngColour, CountsWhenInterlaced) {
  const Picture flat{16, 16, 3, [] {
                       Bytes samples;
                       for (int i = 0; i < 256; ++i)
                         samples = samples + Bytes{40, 180, 60};
                       return samples;
                     }()};
  Bytes file = testing::WritePng(flat, {.interlaced = true});
  const Bytes gamma = Gamma(1);
  file.insert(file.begin() + 33, gamma.begin(), gamma.end());
  ExpectColour(kLinear, Make(file), "interlaced");
}

// The same light, stored with different gammas, must look the same.
TEST(PngColour, PicturesOfEachGammaLookAlike) {
  for (const double gamma : {0.35, 0.45455, 0.55, 0.7, 1.0, 2.5})
    for (const int shown : {60, 128, 200, 250}) {
      const double code = shown / 255.0;
      const double light = code <= 0.04045
                               ? code / 12.92
                               : std::pow((code + 0.055) / 1.055, 2.4);
      const double stored = gamma == 0.45455 ? code : std::pow(light, gamma);
      const auto sample =
          static_cast<std::uint32_t>(std::lround(stored * 65535));
      RawPng png = FlatPng(0, 16,
                           {static_cast<std::uint8_t>(sample >> 8),
                            static_cast<std::uint8_t>(sample)});
      png.head = Gamma(gamma);
      ExpectColour({shown, shown, shown}, Make(testing::AssemblePng(png)),
                   std::to_string(gamma) + " " + std::to_string(shown));
    }
}

// ---- other flags ---------------------------------------------------------

TEST(PngColour, IsConvertedWhereNoProfileCanBeKept) {
  RawPng png = FlatPng(2, 8, {40, 180, 60});
  png.head = Cicp(12, 13);
  Made made = Make(testing::AssemblePng(png), "icc");
  ExpectColour(kP3, made, "cICP");
  EXPECT_TRUE(made.icc.empty());
  png.head = Gamma(1);
  made = Make(testing::AssemblePng(png), "icc");
  ExpectColour(kLinear, made, "gAMA");
  EXPECT_TRUE(made.icc.empty());
}

Bytes Profile(const Bytes& icc) {
  return testing::MakeChunk("iCCP", Bytes{'x', 0, 0} + testing::Deflated(icc));
}

TEST(PngColour, ProfileCountsBeforeGammaAndAfterCicp) {
  const Bytes profile = testing::AdobeRgbProfile();
  RawPng png = FlatPng(2, 8, {40, 180, 60});
  png.head = Profile(profile);
  const Made adobe = Make(testing::AssemblePng(png));
  const Colour shown = First(adobe.picture);
  EXPECT_NE(shown, kSame);
  png.head = Gamma(1) + Srgb() + Profile(profile);
  ExpectColour(shown, Make(testing::AssemblePng(png)), "before the others");
  EXPECT_EQ(Make(testing::AssemblePng(png), "icc").icc, profile);
  png.head = Profile(profile) + Cicp(12, 13);
  const Made cicp = Make(testing::AssemblePng(png), "icc");
  ExpectColour(kP3, cicp, "cICP");
  EXPECT_TRUE(cicp.icc.empty());
}

TEST(PngColour, BrokenProfileLeavesItToTheOthers) {
  RawPng png = FlatPng(2, 8, {40, 180, 60});
  png.head = Profile(Bytes(200, 7)) + Gamma(1);
  const Made made = Make(testing::AssemblePng(png));
  ExpectColour(kLinear, made, "gAMA");
  EXPECT_FALSE(made.outcome.warnings.empty());
}

TEST(PngColour, IsTheSameInLinearLight) {
  for (const Bytes& head : {Cicp(12, 13), Cicp(9, 16), Gamma(1)})
    for (const std::uint8_t type : {std::uint8_t{2}, std::uint8_t{6}}) {
      RawPng png = FlatPng(type, 8, {40, 180, 60, 255});
      if (type == 2) png = FlatPng(type, 8, {40, 180, 60});
      png.head = head;
      const Made coded = Make(testing::AssemblePng(png));
      const Made light =
          Make(testing::AssemblePng(png), "none", FailOn::kError, true);
      ExpectColour(First(coded.picture), light, "--linear");
    }
}

}  // namespace
}  // namespace thumbmill
