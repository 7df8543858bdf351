// Links: tm_image
//
// Tests colour spaces by code points and by numbers, against colours that
// Chromium shows for the same codes and against arithmetic of the test.
#include "worker/image/colour/rgb_space.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <ostream>
#include <random>
#include <string>

#include "worker/image/colour/colour.h"
#include "worker/image/colour/rgb_transform.h"
#include "worker/image/colour/tone_map.h"

namespace thumbmill {
namespace {

using Colour = std::array<int, 3>;

// Converts 8-bit values, as 8 or 16 bits, to sRGB of 8 bits.
Colour ToSrgb(const RgbSpace& space, const Colour& rgb, bool wide) {
  static ColourTransforms transforms;
  const auto transform =
      transforms.Get(space, ColourModel::kRgb, {wide, false});
  if (transform == nullptr) return rgb;
  std::array<std::uint8_t, 3> in8{}, out{};
  std::array<std::uint16_t, 3> in16{};
  for (std::size_t c = 0; c < 3; ++c) {
    in8[c] = static_cast<std::uint8_t>(rgb[c]);
    in16[c] = static_cast<std::uint16_t>(rgb[c] * 257);
  }
  const void* in = wide ? static_cast<const void*>(in16.data()) : in8.data();
  transform->Apply(in, out.data(), 1);
  return {out[0], out[1], out[2]};
}

int GreyToSrgb(const RgbSpace& space, int grey, bool wide) {
  static ColourTransforms transforms;
  const auto transform =
      transforms.Get(space, ColourModel::kGrey, {wide, false});
  if (transform == nullptr) return grey;
  const auto in8 = static_cast<std::uint8_t>(grey);
  const auto in16 = static_cast<std::uint16_t>(grey * 257);
  std::uint8_t out = 0;
  transform->Apply(wide ? static_cast<const void*>(&in16) : &in8, &out, 1);
  return out;
}

void ExpectNear(const Colour& expected, const Colour& actual, int tolerance,
                const char* what) {
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_NEAR(expected[c], actual[c], tolerance) << what << ", channel " << c;
}

// ---- colours that Chromium 156 shows for a PNG with cICP ----------------

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

TEST(CodePoints, TelevisionsCurvesCostNothingInAnAvif) {
  ColourTransforms transforms;
  for (const std::uint8_t transfer : {0, 1, 2, 3, 6, 11, 13, 14, 15}) {
    const RgbSpace space = SpaceOf(1, transfer, VideoCurves::kAsSrgb);
    EXPECT_TRUE(space.is_srgb()) << int{transfer};
    EXPECT_EQ(transforms.Get(space, ColourModel::kRgb, {}), nullptr);
  }
  EXPECT_TRUE(SpaceOf(2, 13, VideoCurves::kAsSrgb).is_srgb());
  EXPECT_FALSE(SpaceOf(9, 1, VideoCurves::kAsSrgb).is_srgb());
  EXPECT_FALSE(SpaceOf(1, 4, VideoCurves::kAsSrgb).is_srgb());
}

TEST(CodePoints, WithoutAMeaningAreEmpty) {
  for (const int code : {0, 2, 3, 13, 21, 23, 255})
    EXPECT_FALSE(PrimariesOf(static_cast<std::uint8_t>(code))) << code;
  for (const int code : {0, 2, 3, 9, 10, 12, 19, 255})
    EXPECT_FALSE(CurveOf(static_cast<std::uint8_t>(code), VideoCurves::kBt1886))
        << code;
}

// ---- arithmetic of the test ---------------------------------------------

using Matrix = std::array<std::array<double, 3>, 3>;
using Vector = std::array<double, 3>;

Vector Times(const Matrix& m, const Vector& v) {
  Vector out{};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < 3; ++k) out[i] += m[i][k] * v[k];
  return out;
}

// Inverts by Gauss-Jordan elimination.
Matrix Inverse(Matrix m) {
  Matrix inverse{};
  for (std::size_t i = 0; i < 3; ++i) inverse[i][i] = 1;
  for (std::size_t col = 0; col < 3; ++col) {
    std::size_t pivot = col;
    for (std::size_t row = col; row < 3; ++row)
      if (std::fabs(m[row][col]) > std::fabs(m[pivot][col])) pivot = row;
    std::swap(m[col], m[pivot]);
    std::swap(inverse[col], inverse[pivot]);
    const double by = m[col][col];
    for (std::size_t k = 0; k < 3; ++k) m[col][k] /= by, inverse[col][k] /= by;
    for (std::size_t row = 0; row < 3; ++row) {
      if (row == col) continue;
      const double times = m[row][col];
      for (std::size_t k = 0; k < 3; ++k) {
        m[row][k] -= times * m[col][k];
        inverse[row][k] -= times * inverse[col][k];
      }
    }
  }
  return inverse;
}

Vector XyzOf(const Chromaticity& p) { return {p.x, p.y, 1 - p.x - p.y}; }

constexpr Matrix kBradford = {{{0.8951, 0.2664, -0.1614},
                               {-0.7502, 1.7135, 0.0367},
                               {0.0389, -0.0685, 1.0296}}};

// Returns the matrix from light of the space to cones, each as a share of
// white's.
Matrix ToCones(const Primaries& p) {
  Matrix columns{};
  const Vector points[] = {XyzOf(p.red), XyzOf(p.green), XyzOf(p.blue)};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < 3; ++k) columns[i][k] = points[k][i];
  Vector white = XyzOf(p.white);
  for (double& value : white) value /= p.white.y;
  const Vector strength = Times(Inverse(columns), white);
  const Vector cones_of_white = Times(kBradford, white);
  Matrix out{};
  for (std::size_t k = 0; k < 3; ++k) {
    Vector xyz{};
    for (std::size_t i = 0; i < 3; ++i) xyz[i] = columns[i][k] * strength[k];
    const Vector cones = Times(kBradford, xyz);
    for (std::size_t i = 0; i < 3; ++i)
      out[i][k] = cones[i] / cones_of_white[i];
  }
  return out;
}

Colour Computed(const RgbSpace& space, const Colour& rgb) {
  Vector light{};
  for (std::size_t c = 0; c < 3; ++c)
    light[c] = LightOf(space.curve, rgb[c] / 255.0);
  const Vector cones = Times(ToCones(space.primaries), light);
  const Vector srgb = Times(Inverse(ToCones(Primaries())), cones);
  Colour out{};
  for (std::size_t c = 0; c < 3; ++c)
    out[c] = static_cast<int>(
        std::lround(255 * SrgbCodeOf(std::clamp(srgb[c], 0.0, 1.0))));
  return out;
}

TEST(RgbSpace, ConvertsAsArithmeticDoes) {
  std::mt19937 random(3);
  for (const int primaries : {1, 4, 5, 6, 8, 9, 10, 11, 12, 22})
    for (const int transfer : {1, 4, 5, 7, 8, 13, 17}) {
      const RgbSpace space =
          SpaceOf(static_cast<std::uint8_t>(primaries),
                  static_cast<std::uint8_t>(transfer), VideoCurves::kBt1886);
      SCOPED_TRACE(std::to_string(primaries) + "/" + std::to_string(transfer));
      for (int i = 0; i < 50; ++i) {
        const Colour rgb = {static_cast<int>(random() % 256),
                            static_cast<int>(random() % 256),
                            static_cast<int>(random() % 256)};
        for (const bool wide : {false, true})
          ExpectNear(Computed(space, rgb), ToSrgb(space, rgb, wide), 1,
                     wide ? "16 bits" : "8 bits");
      }
    }
}

TEST(RgbSpace, KeepsWhiteAndBlack) {
  for (const int primaries : {1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22})
    for (const int transfer : {1, 4, 5, 6, 7, 8, 13, 14, 16, 17, 18}) {
      const RgbSpace space =
          SpaceOf(static_cast<std::uint8_t>(primaries),
                  static_cast<std::uint8_t>(transfer), VideoCurves::kBt1886);
      SCOPED_TRACE(std::to_string(primaries) + "/" + std::to_string(transfer));
      for (const bool wide : {false, true})
        for (const int v : {0, 255})
          ExpectNear({v, v, v}, ToSrgb(space, {v, v, v}, wide), 0, "ends");
    }
}

// Absurd primaries may give such matrices. The transform must not read outside
// its table of codes.
TEST(RgbSpace, LightThatIsNoNumberIsBlackAndEndlessLightIsWhite) {
  RgbConversion conversion;
  conversion.codes = MakeCodesOfLight();
  conversion.curve = {Curve::Kind::kGamma, 1};
  constexpr float kEndless = std::numeric_limits<float>::infinity();
  conversion.to_working = {
      {{std::nanf(""), 0, 0}, {kEndless, 1, 1}, {-kEndless, 1, 1}}};
  const std::uint8_t in[] = {255, 255, 255};
  std::uint8_t out[] = {7, 7, 7};
  MakeRgbTransform(conversion)->Apply(in, out, 1);
  EXPECT_EQ(out[0], 0);
  EXPECT_EQ(out[1], 255);
  EXPECT_EQ(out[2], 0);
}

TEST(RgbSpace, SharesOfLightAreThoseOfTheStandards) {
  const auto bt709 = SharesOf(Primaries());
  ASSERT_TRUE(bt709);
  EXPECT_NEAR(bt709->red, 0.2126, 1e-4);
  EXPECT_NEAR(bt709->green, 0.7152, 1e-4);
  EXPECT_NEAR(bt709->blue, 0.0722, 1e-4);
  const auto bt2020 = SharesOf(*PrimariesOf(9));
  ASSERT_TRUE(bt2020);
  EXPECT_NEAR(bt2020->red, 0.2627, 1e-4);
  EXPECT_NEAR(bt2020->blue, 0.0593, 1e-4);
  Primaries line;
  line.green = {0.4, 0.2};
  line.red = {0.3, 0.15};
  line.blue = {0.2, 0.1};
  EXPECT_FALSE(SharesOf(line));
  Primaries dark;
  dark.white = {0.3, 0};
  EXPECT_FALSE(SharesOf(dark));
}

// ---- tone mapping -------------------------------------------------------

double ToneMapped(double light) { return light * ToneMapFactor(light); }

TEST(ToneMap, RisesFromHalvedLightToTheScreensWhite) {
  EXPECT_NEAR(ToneMapped(0.2), 0.1, 1e-9);
  EXPECT_NEAR(ToneMapped(1), 0.5, 1e-9);
  EXPECT_NEAR(ToneMapped(1000.0 / 203), 1, 1e-9);
  EXPECT_NEAR(ToneMapped(50), 1, 1e-9);
  double last = 0;
  for (double light = 0.01; light < 5; light += 0.01) {
    const double mapped = ToneMapped(light);
    EXPECT_GT(mapped, last - 1e-9) << light;
    EXPECT_LE(mapped - last, 0.0051) << light;  // and without a step
    last = mapped;
  }
}

TEST(ToneMap, PqMeansCandelas) {
  const Curve pq{Curve::Kind::kPq};
  EXPECT_NEAR(LightOf(pq, 0.508078), 100.0 / 203, 1e-4);
  EXPECT_NEAR(LightOf(pq, 0.751827), 1000.0 / 203, 1e-4);
  EXPECT_NEAR(LightOf(pq, 1), 10000.0 / 203, 1e-6);
  EXPECT_EQ(LightOf(pq, 0), 0);
}

}  // namespace
}  // namespace thumbmill
