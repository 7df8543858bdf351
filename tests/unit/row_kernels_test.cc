// Links: tm_image
#include "worker/image/resample/row_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace thumbmill {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t kWidths[] = {1, 2, 3, 5, 15, 16, 17, 64, 131, 300};
constexpr std::size_t kPixels[] = {1, 2, 3, 4, 6, 8};

Bytes Noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

class EachRowTarget : public ::testing::TestWithParam<const RowKernels*> {};

std::vector<const RowKernels*> RowTargets() { return AllSimdRowKernels(); }

std::string NameOf(const ::testing::TestParamInfo<const RowKernels*>& info) {
  return std::to_string(info.index) + info.param->name;
}

Bytes Undone(const RowKernels& kernels, std::size_t filter, std::size_t pixel,
             const Bytes& in, const Bytes& above, std::size_t bytes) {
  Bytes out(bytes + kUnfilterSlack);
  kernels.unfilter[filter][pixel](in.data(), above.data(), bytes, out.data());
  out.resize(bytes);
  return out;
}

TEST_P(EachRowTarget, UndoesFiltersAsTheReferenceDoes) {
  for (std::size_t filter = 0; filter < kPngFilters; ++filter)
    for (const std::size_t pixel : kPixels)
      for (const std::uint32_t width : kWidths) {
        const std::size_t bytes = width * pixel;
        const Bytes in = Noise(bytes + kUnfilterSlack, width);
        const Bytes above = Noise(bytes + kUnfilterSlack, width + 1);
        EXPECT_EQ(
            Undone(*GetParam(), filter, pixel, in, above, bytes),
            Undone(ReferenceRowKernels(), filter, pixel, in, above, bytes))
            << filter << " " << pixel << " " << width;
      }
}

// Equal or nearly equal neighbours make ties frequent.
TEST_P(EachRowTarget, BreaksTiesOfPaethAsTheReferenceDoes) {
  for (const std::size_t pixel : kPixels) {
    const std::size_t bytes = 1000 * pixel;
    Bytes in = Noise(bytes + kUnfilterSlack, 7), above = Noise(in.size(), 8);
    for (std::uint8_t& byte : in) byte &= 1;
    for (std::uint8_t& byte : above) byte &= 3;
    EXPECT_EQ(Undone(*GetParam(), 4, pixel, in, above, bytes),
              Undone(ReferenceRowKernels(), 4, pixel, in, above, bytes));
  }
}

// Returns all planes, one after the other, with a mark after each.
Bytes Split(Splitter split, std::size_t channels, const Bytes& row,
            std::uint32_t width, std::size_t sample_bytes) {
  const std::size_t stride = width * sample_bytes + 64;
  Bytes planes(channels * stride, 0xA5);
  RowPointers out{};
  for (std::size_t c = 0; c < channels; ++c)
    out[c] = planes.data() + c * stride;
  split(row.data(), width, out);
  return planes;
}

TEST_P(EachRowTarget, SplitsRowsAsTheReferenceDoesAndWritesNothingElse) {
  for (std::size_t channels = 1; channels <= 4; ++channels)
    for (const std::size_t sample : {1u, 2u})
      for (const std::uint32_t width : kWidths) {
        const auto& ours =
            sample == 1 ? GetParam()->split8 : GetParam()->split16;
        const auto& theirs = sample == 1 ? ReferenceRowKernels().split8
                                         : ReferenceRowKernels().split16;
        const Bytes row = Noise(width * channels * sample, width);
        EXPECT_EQ(Split(ours[channels], channels, row, width, 2),
                  Split(theirs[channels], channels, row, width, 2))
            << channels << " " << sample << " " << width;
      }
}

TEST_P(EachRowTarget, MultipliesEveryColourByEveryAlphaExactly) {
  Bytes row;
  for (int alpha = 0; alpha < 256; ++alpha)
    for (int grey = 0; grey < 256; ++grey) {
      row.push_back(static_cast<std::uint8_t>(grey));
      row.push_back(static_cast<std::uint8_t>(alpha));
    }
  EXPECT_EQ(Split(GetParam()->split8[2], 2, row, 1 << 16, 2),
            Split(ReferenceRowKernels().split8[2], 2, row, 1 << 16, 2));
}

INSTANTIATE_TEST_SUITE_P(Rows, EachRowTarget, ::testing::ValuesIn(RowTargets()),
                         NameOf);

TEST(RowKernels, PaethTakesTheNearestNeighbour) {
  // The plane through left 10, above 20 and corner 12 is 18 here, nearest to
  // 20.
  const Bytes above = {12, 20, 0, 0, 0, 0, 0, 0, 0, 0};
  const Bytes in = {
      static_cast<std::uint8_t>(10 - 12), 1, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(Undone(ReferenceRowKernels(), 4, 1, in, above, 2), (Bytes{10, 21}));
}

TEST(RowKernels, AlphaOfZeroLeavesNoColour) {
  const Bytes row = {200, 100, 50, 0};
  const Bytes planes = Split(ReferenceRowKernels().split8[4], 4, row, 1, 2);
  const std::int16_t black = -32768;
  for (std::size_t c = 0; c < 4; ++c) {
    std::int16_t sample;
    std::copy_n(planes.data() + c * (2 + 64), 2,
                reinterpret_cast<std::uint8_t*>(&sample));
    EXPECT_EQ(sample, black);
  }
}

}  // namespace
}  // namespace thumbmill
