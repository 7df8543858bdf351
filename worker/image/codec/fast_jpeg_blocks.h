// worker/image/codec/fast_jpeg_blocks.h: reads the codes of one block of a
// JPEG, and writes the samples of simple blocks. Only the fast readers include
// it.
//
// Compiled  into each function that reads a row of MCUs, so that the cursor
//           stays in registers.
// Source    ITU-T T.81, annexes A and F.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "worker/image/codec/jpeg_huffman.h"
#include "worker/image/resample/inverse_dct.h"

// Reading codes consists mostly of shifts by variable numbers. BMI2 makes them
// cheaper; the results are the same.
#if defined(__x86_64__)
#define TM_HAS_BMI2 1
#else
#define TM_HAS_BMI2 0
#endif

#define TM_INLINE [[gnu::always_inline]] inline

namespace thumbmill::fast_jpeg {

// T.81 figure A.6, as 8 * horizontal + vertical frequency (see inverse_dct.h).
inline constexpr std::array<std::uint8_t, 64> kZigzag = {
    0,  8,  1,  2,  9,  16, 24, 17, 10, 3,  4,  11, 18, 25, 32, 40,
    33, 26, 19, 12, 5,  6,  13, 20, 27, 34, 41, 48, 56, 49, 42, 35,
    28, 21, 14, 7,  15, 22, 29, 36, 43, 50, 57, 58, 51, 44, 37, 30,
    23, 31, 38, 45, 52, 59, 60, 53, 46, 39, 47, 54, 61, 62, 55, 63};

// [N]: the last place in zigzag order that holds one of the N x N lowest
// frequencies.
inline constexpr std::array<unsigned, 9> kLastNeeded = {0,  0,  4,  12, 24,
                                                        40, 59, 61, 63};

inline constexpr unsigned kBlock = 64;
inline constexpr unsigned kZeroRun = 0xF0;
inline constexpr unsigned kMaxAcSize = 10;
// Bound of a DC coefficient before dequantisation, which keeps products within
// an int; 8-bit data stay within 2048.
inline constexpr int kMaxPrediction = 16383;

inline std::uint8_t ToSample(int value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

// Remembers whether any coefficient was out of the range of 8-bit pictures.
// Add() has no branch; the reader calls ok() once for each row.
class RangeCheck {
 public:
  void Add(std::int32_t coef) {
    seen_ |= static_cast<std::uint32_t>(coef) + kRange;
  }
  [[nodiscard]] bool ok() const { return (seen_ & ~(2 * kRange - 1)) == 0; }

 private:
  static_assert(((kMaxDctInput + 1) & kMaxDctInput) == 0);
  static constexpr auto kRange = static_cast<std::uint32_t>(kMaxDctInput) + 1;
  std::uint32_t seen_ = 0;
};

// Returns the sample of a block with only a DC coefficient, which is its mean:
// T.81 A.3.3 with all other coefficients 0.
inline std::uint8_t MeanOf(int dc) { return ToSample(((dc + 4) >> 3) + 128); }

// Writes two by two samples from the DC coefficient and the lowest horizontal,
// vertical and diagonal ones. For N = 2 all factors of inverse_dct.h are 1/8,
// so sums are enough.
inline void WriteFour(int dc, int across, int down, int both, std::uint8_t* out,
                      std::size_t stride) {
  out[0] = MeanOf(dc + across + down + both);
  out[1] = MeanOf(dc - across + down - both);
  out[stride] = MeanOf(dc + across - down - both);
  out[stride + 1] = MeanOf(dc - across - down + both);
}

// Finds one code without the lookup table. It takes bits instead of the cursor,
// because a pointer would force the cursor out of its registers.
struct LongSkip {
  unsigned bits = 0;  // 0 if the bits are no code or the value is too large
  unsigned passed = 0;
  bool ends = false;
};
[[gnu::noinline]] inline LongSkip FindLong(const AcTable& table,
                                           std::uint32_t bits16) {
  const auto code = table.codes().Find(bits16, 1);
  const unsigned run = code.symbol >> 4, size = code.symbol & 15;
  if (code.length == 0 || size > kMaxAcSize) return {};
  const bool ends = size == 0 && code.symbol != kZeroRun;
  return {code.length + size, ends ? 0 : run + 1, ends};
}

// Skips the coefficients from `place` to the end of the block. Returns false if
// the block does not end as it should. 26 bits must be known.
TM_INLINE bool SkipRest(const AcTable& table, BitCursor* cursor,
                        unsigned place) {
  while (place < kBlock) {
    std::uint32_t look = table.LookSkip(*cursor);
    unsigned passed = look >> 8;
    if (place + passed < kBlock) {
      cursor->Drop(look & 0xFF);
      place += passed;
      cursor->Refill();  // enough for two lookups
      look = table.LookSkip(*cursor);
      passed = look >> 8;
      if (place + passed < kBlock) {
        cursor->Drop(look & 0xFF);
        place += passed;
        continue;
      }
    }
    if (passed >= AcTable::kEnds && place + passed < AcTable::kEnds + kBlock) {
      cursor->Drop(look & 0xFF);
      return true;
    }
    // The lookup reaches beyond the end of the block, or its first code does
    // not fit: read one code.
    const LongSkip skip = FindLong(table, cursor->Peek(16));
    cursor->Drop(skip.bits);
    place += skip.passed;
    if (skip.bits == 0 || place > kBlock) return false;
    if (skip.ends) return true;
    cursor->Refill();
  }
  return true;
}

// Reads the coefficient of a kLarge or kLong entry. Returns false if the code
// or its value is not valid. Sets `run` to kBlock if the code ends the block.
TM_INLINE bool ReadLarge(const AcTable& table, const AcPairs::Entry& entry,
                         BitCursor* cursor, unsigned* run, int* value) {
  unsigned length = entry.bits;
  auto size = static_cast<unsigned>(entry.then_value);
  *run = entry.then_passed;
  if (entry.kind() == AcPairs::Kind::kLong) {
    const auto code = table.codes().Find(cursor->Peek(16), AcPairs::kBits + 1);
    if (code.length == 0) return false;
    length = code.length;
    *run = code.symbol >> 4;
    size = code.symbol & 15;
    if (size == 0 && code.symbol != kZeroRun) *run = kBlock;
  }
  if (size > kMaxAcSize) return false;
  cursor->Drop(length);
  *value = 0;
  if (size == 0) return true;
  *value = ExtendSign(cursor->Peek(size), size);
  cursor->Drop(size);
  return true;
}

// Adds the next difference to the DC prediction.
TM_INLINE bool ReadDc(const DcTable& table, int* prediction,
                      BitCursor* cursor) {
  int difference;
  cursor->Refill();
  if (!table.Read(cursor, &difference)) return false;
  *prediction += difference;
  return *prediction >= -kMaxPrediction && *prediction <= kMaxPrediction;
}

// Clears a block one register at a time. Compilers would make one `rep stos` of
// the whole, which takes longer to start than this function takes.
TM_INLINE void Clear(std::int16_t* coefs) {
  using Register [[gnu::vector_size(16)]] = std::int16_t;
  constexpr Register kZero{};
  for (unsigned i = 0; i < kBlock; i += 8) {
    std::memcpy(coefs + i, &kZero, sizeof kZero);
    asm volatile("" ::: "memory");
  }
}

}  // namespace thumbmill::fast_jpeg
