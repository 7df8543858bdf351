// Links: tm_image
//
// Tests colour spaces by code points and by numbers, against arithmetic of the
// test.
#include "worker/image/colour/rgb_space.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include "tests/unit/rgb_colours.h"
#include "worker/image/colour/rgb_transform.h"
#include "worker/image/colour/tone_map.h"

namespace thumbmill {
namespace {

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
