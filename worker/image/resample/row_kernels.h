// worker/image/resample/row_kernels.h: prepares a row of samples for resizing:
// undoes PNG's filters, and splits interleaved samples into one row per plane.
// Each kernel exists once as a definition (row_kernels_reference.cc) and once
// in SIMD (row_kernels_simd.cc).
//
// The planes of a picture with alpha have 16 bits, so that colours multiplied
// by a small alpha keep their steps.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/image/picture/picture.h"

namespace thumbmill {

// Output rows, one for each plane.
using RowPointers = std::array<std::uint8_t*, kMaxPlanes>;

// Splits `row` into planes. Its samples have 8 bits, or 16 in the machine's
// order. With two or four channels the last is alpha, and the others are
// multiplied by it. Reads and writes exactly `width` samples of each channel.
using Splitter = void (*)(const std::uint8_t* row, std::uint32_t width,
                          const RowPointers& out);

// Undoes the filter of the row `in` and writes the result to `out`. `above` is
// the result of the row before. `bytes` is a multiple of the bytes per pixel.
// Reads and writes up to kUnfilterSlack bytes past a row's end. `out` must not
// be `in` or `above`.
using Unfilter = void (*)(const std::uint8_t* in, const std::uint8_t* above,
                          std::size_t bytes, std::uint8_t* out);
constexpr std::size_t kUnfilterSlack = 8;

// PNG's names and numbers (ISO/IEC 15948, 9.2).
enum class PngFilter : std::uint8_t { kNone, kSub, kUp, kAverage, kPaeth };
constexpr std::size_t kPngFilters = 5;
constexpr std::size_t kMaxPngPixel = 8;  // bytes

struct RowKernels {
  const char* name;
  // Indexed by filter and by bytes per pixel. PNG has 1, 2, 3, 4, 6 and 8; the
  // others are null.
  std::array<std::array<Unfilter, kMaxPngPixel + 1>, kPngFilters> unfilter;
  // Indexed by channels, for samples of 8 and of 16 bits.
  std::array<Splitter, kMaxPlanes + 1> split8;
  std::array<Splitter, kMaxPlanes + 1> split16;
};

[[nodiscard]] const RowKernels& ReferenceRowKernels();
// Returns the kernels for the best instruction set that this processor has.
[[nodiscard]] const RowKernels& SimdRowKernels();
// Returns the kernels for all instruction sets that this processor has. For
// tests, and not thread-safe.
[[nodiscard]] std::vector<const RowKernels*> AllSimdRowKernels();

}  // namespace thumbmill
