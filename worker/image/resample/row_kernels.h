// worker/image/resample/row_kernels.h: what is done to a row of samples before
// it is resized, once as a definition (row_kernels_reference.cc) and once in
// SIMD (row_kernels_simd.cc): PNG's filters are undone, and interleaved samples
// go to a row of each plane.
//
// Where there is alpha the planes have 16 bits, so that colours multiplied by
// a small alpha keep their steps.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/image/picture/picture.h"

namespace thumbmill {

// Where the rows of a band go: one row of each plane.
using RowPointers = std::array<std::uint8_t*, kMaxPlanes>;

// `row` has samples of 8 bits, or of 16 in the machine's order. Two and four
// channels: the last is alpha, the others are multiplied by it. Reads and
// writes `width` samples of each channel and none beyond.
using Splitter = void (*)(const std::uint8_t* row, std::uint32_t width,
                          const RowPointers& out);

// out = the row that was filtered to `in`, `above` the one before it; `bytes`
// is a multiple of the bytes a pixel. Reads and writes up to kUnfilterSlack
// bytes behind a row's end; `out` may be neither of the others.
using Unfilter = void (*)(const std::uint8_t* in, const std::uint8_t* above,
                          std::size_t bytes, std::uint8_t* out);
constexpr std::size_t kUnfilterSlack = 8;

// PNG's names and numbers (ISO/IEC 15948, 9.2).
enum class PngFilter : std::uint8_t { kNone, kSub, kUp, kAverage, kPaeth };
constexpr std::size_t kPngFilters = 5;
constexpr std::size_t kMaxPngPixel = 8;  // bytes

struct RowKernels {
  const char* name;
  // By filter and bytes a pixel, of which PNG has 1, 2, 3, 4, 6 and 8.
  std::array<std::array<Unfilter, kMaxPngPixel + 1>, kPngFilters> unfilter;
  // By channels, of 8 and of 16 bits.
  std::array<Splitter, kMaxPlanes + 1> split8;
  std::array<Splitter, kMaxPlanes + 1> split16;
};

[[nodiscard]] const RowKernels& ReferenceRowKernels();
// For the best instruction set that this processor has.
[[nodiscard]] const RowKernels& SimdRowKernels();
// For each instruction set that it has. For tests: not thread-safe.
[[nodiscard]] std::vector<const RowKernels*> AllSimdRowKernels();

}  // namespace thumbmill
