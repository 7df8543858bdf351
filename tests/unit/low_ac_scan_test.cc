// Links: tm_image
#include "worker/image/codec/low_ac_scan.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace thumbmill {
namespace {

// A copied object would point into the window of the original.
static_assert(!std::is_copy_constructible_v<EntropyBytes>);
static_assert(!std::is_copy_assignable_v<EntropyBytes>);
static_assert(std::is_nothrow_move_constructible_v<EntropyBytes>);
static_assert(!std::is_copy_constructible_v<LowAcScan>);
static_assert(std::is_nothrow_move_constructible_v<LowAcScan>);

// Makes a scan with two codes: 0 for a 10-bit value without a run, 10 for the
// end of a block.
FastJpegAcScan ScanOf(ByteSpan data, unsigned low_bit) {
  FastJpegAcScan scan;
  scan.data = data;
  scan.low_bit = low_bit;
  scan.table.counts[1] = scan.table.counts[2] = 1;
  scan.table.symbols[0] = 0x0A;
  scan.table.symbols[1] = 0x00;
  return scan;
}

// Makes one block: code 0, ten bits of a value, code 10, then ones and the end
// of the image.
std::vector<std::uint8_t> BlockOf(unsigned ten_bits) {
  const unsigned bits = ten_bits << 5 | 0b10111;
  return {static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits),
          0xFF, 0xD9};
}

std::array<std::int16_t, LowAcScan::kWanted> Read(unsigned ten_bits,
                                                  unsigned low_bit) {
  const auto data = BlockOf(ten_bits);
  std::array<std::int16_t, LowAcScan::kWanted> out{};
  auto scan = LowAcScan::Make(ScanOf(data, low_bit), 1);
  EXPECT_TRUE(scan && scan->ReadRow(out.data()) && scan->AtEnd());
  return out;
}

TEST(LowAcScan, TakesAValueInTheMiddleOfWhatItMayBecome) {
  // 512 steps of 4, counted in half steps, plus half of the 3 that may follow.
  EXPECT_EQ(Read(512, 2)[0], 2 * 512 * 4 + 3);
  EXPECT_EQ(Read(511, 2)[0], -(2 * 512 * 4 + 3));
  EXPECT_EQ(Read(512, 0)[0], 2 * 512);
}

// Such values once wrapped around to -33, which looks like a valid value.
TEST(LowAcScan, LeavesWhatIsOutOfRangeOutOfRange) {
  EXPECT_EQ(Read(1023, 5)[0], 32767);
  EXPECT_EQ(Read(0, 5)[0], -32767);
  EXPECT_EQ(Read(1023, 13)[0], 32767);
}

TEST(LowAcScan, ReadsOnWhereverItWasMovedTo) {
  const auto data = BlockOf(512);
  auto first = LowAcScan::Make(ScanOf(data, 0), 1);
  ASSERT_TRUE(first);
  std::array<std::int16_t, LowAcScan::kWanted> out{};
  LowAcScan second = std::move(*first);
  first.reset();
  ASSERT_TRUE(second.ReadRow(out.data()));
  EXPECT_EQ(out[0], 2 * 512);
}

}  // namespace
}  // namespace thumbmill
