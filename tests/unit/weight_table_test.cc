// Links: tm_image
#include "worker/image/resample/weight_table.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace thumbmill {
namespace {

constexpr FilterKind kFilters[] = {FilterKind::kLanczos3, FilterKind::kMitchell,
                                   FilterKind::kCubic,    FilterKind::kLinear,
                                   FilterKind::kBox,      FilterKind::kNearest};

Axis Plain(std::uint32_t from, std::uint32_t to, FilterKind filter) {
  Axis axis;
  axis.samples = from;
  axis.extent = from;
  axis.step = static_cast<double>(from) / to;
  axis.count = to;
  axis.filter = filter;
  return axis;
}

TEST(WeightTable, AddsUpToOneAndStaysWithinThePlane) {
  for (const FilterKind filter : kFilters)
    for (const std::uint32_t from : {1u, 2u, 3u, 17u, 640u})
      for (const std::uint32_t to : {1u, 2u, 5u, 64u, 641u}) {
        const WeightTable table(Plain(from, to, filter));
        for (std::uint32_t i = 0; i < to; ++i) {
          int sum = 0, magnitude = 0;
          for (std::uint32_t t = 0; t < table.stride(); ++t) {
            sum += table.weights(i)[t];
            magnitude += std::abs(table.weights(i)[t]);
          }
          ASSERT_EQ(sum, 1 << kWeightBits) << from << " to " << to;
          // The kernels' 32-bit sums rely on this bound.
          ASSERT_LT(magnitude, 2 << kWeightBits) << from << " to " << to;
          ASSERT_LE(table.start(i) + table.taps(i), from);
        }
      }
}

TEST(WeightTable, CopiesWhenNothingIsToBeDone) {
  for (const FilterKind filter :
       {FilterKind::kLanczos3, FilterKind::kCubic, FilterKind::kLinear,
        FilterKind::kBox, FilterKind::kNearest}) {
    const WeightTable table(Plain(50, 50, filter));
    for (std::uint32_t i = 0; i < 50; ++i) {
      EXPECT_EQ(table.taps(i), 1u);
      EXPECT_EQ(table.start(i), i);
    }
  }
}

TEST(WeightTable, MirrorsToTheSameWeightsFromTheOtherEnd) {
  Axis axis = Plain(101, 13, FilterKind::kLanczos3);
  const WeightTable plain(axis);
  axis.mirrored = true;
  const WeightTable mirrored(axis);
  for (std::uint32_t i = 0; i < 13; ++i) {
    const std::uint32_t j = 12 - i;
    ASSERT_EQ(plain.taps(i), mirrored.taps(j));
    EXPECT_EQ(plain.start(i), mirrored.start(j));
    for (std::uint32_t t = 0; t < plain.taps(i); ++t)
      EXPECT_NEAR(plain.weights(i)[t], mirrored.weights(j)[t], 2);
  }
}

TEST(WeightTable, AveragesPairsWithABox) {
  const WeightTable table(Plain(8, 4, FilterKind::kBox));
  for (std::uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(table.start(i), 2 * i);
    ASSERT_EQ(table.taps(i), 2u);
    EXPECT_EQ(table.weights(i)[0], 1 << (kWeightBits - 1));
  }
}

TEST(WeightTable, CountsTheLastSampleByWhatItCovers) {
  // 8 samples, the last of which counts for a quarter, into 1.
  Axis axis = Plain(8, 1, FilterKind::kBox);
  axis.extent = axis.step = 7.25;
  const WeightTable one(axis);
  ASSERT_EQ(one.taps(0), 8u);
  const double whole = (1 << kWeightBits) / 7.25;
  for (std::uint32_t t = 0; t < 7; ++t)
    EXPECT_NEAR(one.weights(0)[t], whole, 4) << t;
  EXPECT_NEAR(one.weights(0)[7], whole / 4, 4);
}

// The means of a ramp must be where they were before it was cut into samples.
TEST(WeightTable, FindsTheMiddleOfAPlaneThatEndsWithinASample) {
  for (const double extent : {40.125, 40.5, 40.875}) {
    Axis axis = Plain(41, 4, FilterKind::kLanczos3);
    axis.extent = extent;
    axis.step = extent / 4;
    const WeightTable table(axis);
    double sum = 0;
    for (std::uint32_t i = 0; i < 4; ++i)
      for (std::uint32_t t = 0; t < table.taps(i); ++t) {
        const double at = table.start(i) + t;
        const double middle = at < 40 ? at + 0.5 : (40 + extent) / 2;
        sum += table.weights(i)[t] * middle / (1 << kWeightBits);
      }
    EXPECT_NEAR(sum / 4, extent / 2, 0.02) << extent;
  }
}

TEST(WeightTable, TakesTheLastSampleForAPointWhereItMakesLarger) {
  Axis whole = Plain(10, 40, FilterKind::kLinear);
  Axis partial = whole;
  partial.extent = 9.25;
  const WeightTable a(whole), b(partial);
  for (std::uint32_t i = 0; i < 37; ++i)
    for (std::uint32_t t = 0; t < a.stride(); ++t)
      EXPECT_EQ(a.weights(i)[t], b.weights(i)[t]);
}

TEST(WeightTable, FoldsInterpolatedChromaOntoWhatItCameFrom) {
  Axis axis = Plain(100, 40, FilterKind::kLanczos3);
  axis.fine_samples = 199;
  axis.extent = 99.5;
  axis.step = 99.5 / 40;
  const WeightTable table(axis);
  for (std::uint32_t i = 0; i < 40; ++i) {
    int sum = 0;
    for (std::uint32_t t = 0; t < table.stride(); ++t)
      sum += table.weights(i)[t];
    EXPECT_EQ(sum, 1 << kWeightBits);
    EXPECT_LE(table.start(i) + table.taps(i), 100u);
  }
}

TEST(WeightTable, NeverNeedsMoreTapsThanWereEstimated) {
  for (const FilterKind filter : kFilters)
    for (const std::uint32_t to : {1u, 7u, 99u, 300u}) {
      const WeightTable table(Plain(300, to, filter));
      EXPECT_LE(table.max_taps(), MaxTaps(filter, 300.0 / to));
    }
}

TEST(WeightCache, GivesTheSameTableForTheSameAxis) {
  WeightCache cache;
  const Axis axis = Plain(100, 10, FilterKind::kLanczos3);
  const auto first = cache.Get(axis);
  EXPECT_EQ(cache.Get(axis), first);
  EXPECT_NE(cache.Get(Plain(100, 11, FilterKind::kLanczos3)), first);
}

TEST(WeightCache, ForgetsTheOldestWhenItIsFull) {
  WeightCache cache;
  const Axis axis = Plain(100, 10, FilterKind::kLanczos3);
  const std::weak_ptr<const WeightTable> first = cache.Get(axis);
  for (std::uint32_t to = 11; to < 200; ++to)
    static_cast<void>(cache.Get(Plain(100, to, FilterKind::kLanczos3)));
  EXPECT_TRUE(first.expired());
}

}  // namespace
}  // namespace thumbmill
