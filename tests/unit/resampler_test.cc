// Links: tm_image
#include "worker/image/resample/resampler.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace thumbmill {
namespace {

// Compares every instruction set of this machine with the definition.
class KernelsOf : public ::testing::TestWithParam<const Kernels*> {
 protected:
  std::uint32_t Below(std::uint32_t limit) { return random_() % limit; }
  std::mt19937 random_{42};
};

constexpr std::size_t kSlack = 256;

std::vector<std::int16_t> Weights(std::size_t count, std::mt19937* random) {
  std::vector<std::int16_t> weights(count);
  // The sum of magnitudes stays below 2, as weight_table.h promises.
  const auto limit = static_cast<std::int32_t>(32767 / count);
  for (auto& weight : weights)
    weight = static_cast<std::int16_t>(
        static_cast<std::int32_t>((*random)() % (2u * limit)) - limit);
  return weights;
}

template <typename Sample, typename Kernel>
void CompareVertical(Kernel ours, Kernel reference, std::mt19937* random) {
  for (const std::size_t width : {1u, 15u, 64u, 65u, 333u})
    for (const std::size_t taps : {2u, 6u, 20u}) {
      std::vector<std::vector<Sample>> rows(taps);
      std::vector<const Sample*> pointers;
      for (auto& row : rows) {
        row.resize(width + kSlack);
        for (auto& sample : row) sample = static_cast<Sample>((*random)());
        pointers.push_back(row.data());
      }
      const auto weights = Weights(taps, random);
      std::vector<std::int16_t> a(width + kSlack), b(width + kSlack);
      ours(pointers.data(), weights.data(), taps, width, a.data());
      reference(pointers.data(), weights.data(), taps, width, b.data());
      a.resize(width);
      b.resize(width);
      ASSERT_EQ(a, b) << width << " wide, " << taps << " taps";
    }
}

TEST_P(KernelsOf, CombineRowsAsTheDefinitionDoes) {
  const Kernels& kernels = *GetParam();
  const Kernels& reference = ReferenceKernels();
  CompareVertical<std::uint8_t>(kernels.vertical8, reference.vertical8,
                                &random_);
  CompareVertical<std::int16_t>(kernels.vertical16, reference.vertical16,
                                &random_);
}

template <typename Sample, typename Kernel>
void CompareHorizontal(Kernel ours, Kernel reference, std::mt19937* random) {
  for (const std::size_t count : {1u, 3u, 4u, 5u, 200u})
    for (const std::size_t stride : {8u, 24u}) {
      std::vector<std::int16_t> in(500 + kSlack);
      for (auto& sample : in) sample = static_cast<std::int16_t>((*random)());
      std::vector<std::uint32_t> starts(count);
      std::vector<std::int16_t> weights;
      for (auto& start : starts) {
        start = (*random)() % 476;
        const auto some = Weights(stride, random);
        weights.insert(weights.end(), some.begin(), some.end());
      }
      std::vector<Sample> a(count + 1, 77), b(count + 1, 77);
      ours(in.data(), starts.data(), weights.data(), stride, count, a.data());
      reference(in.data(), starts.data(), weights.data(), stride, count,
                b.data());
      // The spare last one must stay as it was.
      ASSERT_EQ(a, b) << count << " outputs";
    }
}

TEST_P(KernelsOf, CombineColumnsAsTheDefinitionDoes) {
  const Kernels& kernels = *GetParam();
  const Kernels& reference = ReferenceKernels();
  CompareHorizontal<std::uint8_t>(kernels.horizontal8, reference.horizontal8,
                                  &random_);
  CompareHorizontal<std::int16_t>(kernels.horizontal16, reference.horizontal16,
                                  &random_);
}

template <typename Sample, typename Kernel>
void CompareHalve(Kernel ours, Kernel reference, std::mt19937* random) {
  for (const std::size_t width : {1u, 31u, 32u, 100u}) {
    std::vector<Sample> upper(2 * width + kSlack), lower(2 * width + kSlack);
    for (auto& sample : upper) sample = static_cast<Sample>((*random)());
    for (auto& sample : lower) sample = static_cast<Sample>((*random)());
    std::vector<Sample> a(width + kSlack), b(width + kSlack);
    ours(upper.data(), lower.data(), width, a.data());
    reference(upper.data(), lower.data(), width, b.data());
    a.resize(width);
    b.resize(width);
    ASSERT_EQ(a, b) << width;
  }
}

TEST_P(KernelsOf, HalveAsTheDefinitionDoes) {
  const Kernels& kernels = *GetParam();
  const Kernels& reference = ReferenceKernels();
  CompareHalve<std::uint8_t>(kernels.halve8, reference.halve8, &random_);
  CompareHalve<std::int16_t>(kernels.halve16, reference.halve16, &random_);
}

INSTANTIATE_TEST_SUITE_P(Targets, KernelsOf,
                         ::testing::ValuesIn(AllSimdKernels()),
                         [](const auto& param) {
                           return std::string(param.param->name) + "_" +
                                  std::to_string(param.index);
                         });

TEST(Kernels, ChooseAnInstructionSetOfThisMachine) {
  const auto all = AllSimdKernels();
  ASSERT_FALSE(all.empty());
  EXPECT_NE(std::find(all.begin(), all.end(), &SimdKernels()), all.end());
}

// Resizes one plane through a PlaneFlow, in bands of `band` rows.
std::vector<std::uint8_t> Resize(std::uint32_t width, std::uint32_t height,
                                 std::uint32_t to_width,
                                 std::uint32_t to_height, std::uint32_t band,
                                 bool mirrored, int (*at)(int x, int y)) {
  PlaneFlow flow({width, height, 1.0 * width, 1.0 * height}, false,
                 SimdKernels());
  const auto axis = [&](std::uint32_t from, std::uint32_t to) {
    Axis a;
    a.samples = from;
    a.extent = from;
    a.step = 1.0 * from / to;
    a.count = to;
    a.mirrored = mirrored;
    return a;
  };
  WeightCache tables;
  Plane out(to_width, to_height, false);
  flow.AddOutput(axis(width, to_width), axis(height, to_height), &tables, &out);
  flow.Start(band, width);
  RowRing& ring = *flow.ring();
  while (ring.end() < height) {
    for (std::uint32_t i = 0; i < band && ring.end() < height; ++i) {
      for (std::uint32_t x = 0; x < width; ++x)
        ring.Row(ring.end())[x] = static_cast<std::uint8_t>(
            at(static_cast<int>(x), static_cast<int>(ring.end())));
      ring.Append(1);
    }
    flow.Advance();
  }
  std::vector<std::uint8_t> samples;
  for (std::uint32_t y = 0; y < to_height; ++y)
    samples.insert(samples.end(), out.Row(y), out.Row(y) + to_width);
  return samples;
}

TEST(PlaneFlow, KeepsAFlatPictureFlat) {
  for (const std::uint32_t to : {1u, 3u, 40u, 100u, 250u})
    for (const std::uint8_t sample :
         Resize(100, 77, to, to, 16, false, [](int, int) { return 201; }))
      ASSERT_EQ(sample, 201) << to;
}

TEST(PlaneFlow, GivesTheSameInBandsOfAnyHeight) {
  const auto at = [](int x, int y) { return (x * 7 + y * y * 13) % 256; };
  for (const std::uint32_t to : {2u, 10u, 33u, 150u}) {
    const auto whole = Resize(100, 99, to, to, 99, false, at);
    for (const std::uint32_t band : {1u, 2u, 8u, 13u})
      EXPECT_EQ(Resize(100, 99, to, to, band, false, at), whole)
          << to << " in bands of " << band;
  }
}

TEST(PlaneFlow, TurnsThePictureRoundWhenBothAxesAreMirrored) {
  const auto at = [](int x, int y) { return std::min(x * 2 + y, 255); };
  auto plain = Resize(90, 70, 30, 35, 8, false, at);
  const auto turned = Resize(90, 70, 30, 35, 8, true, at);
  std::reverse(plain.begin(), plain.end());
  for (std::size_t i = 0; i < plain.size(); ++i)
    ASSERT_NEAR(plain[i], turned[i], 1);
}

TEST(PlaneFlow, CopiesWhenNothingIsToBeDone) {
  const auto at = [](int x, int y) { return (x * 31 + y * 17) % 256; };
  const auto copy = Resize(40, 30, 40, 30, 8, false, at);
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 40; ++x)
      ASSERT_EQ(copy[static_cast<std::size_t>(y * 40 + x)], at(x, y));
}

// Kernels read whole vectors, and memory of an earlier picture may lie there.
TEST(RowRing, HoldsZerosPastTheSamplesOfEachRow) {
  constexpr std::uint32_t kRows = 3;
  constexpr std::size_t kSamples = 70, kBytes = 80;
  mallopt(M_PERTURB, 0x5A);
  const RowRing ring(kRows, kBytes, kSamples);
  mallopt(M_PERTURB, 0);
  for (std::uint32_t y = 0; y < kRows; ++y) {
    const std::uint8_t* row = ring.Row(y);
    const std::size_t slack = y + 1 == kRows ? SampleBuffer::kSlack : 0;
    EXPECT_TRUE(std::all_of(row + kSamples, row + ring.stride() + slack,
                            [](std::uint8_t byte) { return byte == 0; }))
        << y;
  }
}

TEST(PyramidLevel, LeavesTheFilterItsGap) {
  EXPECT_EQ(PyramidLevel(FilterKind::kLanczos3, 3.9, 3.9), 0);
  EXPECT_EQ(PyramidLevel(FilterKind::kLanczos3, 4.0, 4.0), 1);
  EXPECT_EQ(PyramidLevel(FilterKind::kLanczos3, 100, 8), 2);
  EXPECT_EQ(PyramidLevel(FilterKind::kLanczos3, 0.5, 0.5), 0);
  EXPECT_EQ(PyramidLevel(FilterKind::kNearest, 100, 100), 0);
}

}  // namespace
}  // namespace thumbmill
