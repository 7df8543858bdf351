// Links: tm_image
#include "worker/image/resample/inverse_dct.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <string>
#include <vector>

namespace thumbmill {
namespace {

using Block = std::array<std::int16_t, 64>;

// Makes few and mostly small coefficients, as in pictures; `limit` bounds them.
Block RandomBlock(std::mt19937* random, int limit) {
  Block block{};
  const unsigned count = (*random)() % 64;
  for (unsigned i = 0; i < count; ++i)
    block[(*random)() % 64] = static_cast<std::int16_t>(
        static_cast<int>((*random)() % (2u * static_cast<unsigned>(limit))) -
        limit);
  return block;
}

using Samples = std::array<std::uint8_t, 64>;

Samples Transform(InverseDct inverse, const Block& block) {
  Samples out{};
  inverse(block.data(), out.data(), 8);
  return out;
}

class InverseDctOf : public ::testing::TestWithParam<const InverseDcts*> {};

TEST_P(InverseDctOf, EqualsTheDefinition) {
  std::mt19937 random(7);
  for (std::size_t n = 1; n <= 8; ++n)
    for (const int limit : {20, 300, kMaxDctInput, 32767})
      for (int round = 0; round < 200; ++round) {
        const Block block = RandomBlock(&random, limit);
        const Samples ours = Transform(GetParam()->of_size[n], block);
        const Samples reference =
            Transform(ReferenceInverseDcts().of_size[n], block);
        for (std::size_t y = 0; y < n; ++y)
          for (std::size_t x = 0; x < n; ++x)
            ASSERT_EQ(ours[8 * y + x], reference[8 * y + x])
                << n << " of up to " << limit;
      }
}

INSTANTIATE_TEST_SUITE_P(EveryTarget, InverseDctOf,
                         ::testing::ValuesIn(AllSimdInverseDcts()),
                         [](const auto& each) {
                           return std::string(each.param->name);
                         });

// Returns the formula of T.81 A.3.3 for n = 8. Smaller n take the n lowest
// frequencies into an n-point transform.
double Exact(const Block& block, int n, int x, int y) {
  double sum = 0;
  for (int v = 0; v < n; ++v)
    for (int u = 0; u < n; ++u) {
      const double scale = (u == 0 ? std::numbers::sqrt2 / 2 : 1) *
                           (v == 0 ? std::numbers::sqrt2 / 2 : 1) / 4;
      sum += scale * block[static_cast<std::size_t>(8 * v + u)] *
             std::cos((2 * x + 1) * v * std::numbers::pi / (2 * n)) *
             std::cos((2 * y + 1) * u * std::numbers::pi / (2 * n));
    }
  return std::clamp(sum + 128, 0.0, 255.0);
}

TEST(InverseDct, IsWithinALevelOfTheFormula) {
  std::mt19937 random(11);
  for (int n = 1; n <= 8; ++n)
    for (const int limit : {20, 300, kMaxDctInput})
      for (int round = 0; round < 100; ++round) {
        const Block block = RandomBlock(&random, limit);
        const Samples samples = Transform(
            ReferenceInverseDcts().of_size[static_cast<std::size_t>(n)], block);
        for (int y = 0; y < n; ++y)
          for (int x = 0; x < n; ++x)
            ASSERT_NEAR(samples[static_cast<std::size_t>(8 * y + x)],
                        Exact(block, n, x, y), 1.0)
                << n << " of up to " << limit;
      }
}

TEST(InverseDct, OfAMeanIsFlatAtEverySize) {
  Block block{};
  block[0] = 8 * 37;
  for (std::size_t n = 1; n <= 8; ++n) {
    const Samples samples = Transform(SimdInverseDcts().of_size[n], block);
    for (std::size_t y = 0; y < n; ++y)
      for (std::size_t x = 0; x < n; ++x)
        ASSERT_EQ(samples[8 * y + x], 128 + 37) << n;
  }
}

}  // namespace
}  // namespace thumbmill
