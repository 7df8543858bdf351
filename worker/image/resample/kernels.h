// worker/image/resample/kernels.h: the inner loops of resizing, once as a
// definition (kernels_reference.cc) and once in SIMD (kernels_simd.cc).
//
// The idea: the first step combines rows vertically. At any scale, neighbouring
// samples are then next to each other in memory. The second step combines the
// samples of the few resulting rows horizontally. Both steps multiply int16 by
// int16 and add in int32.
//
// Bits     weights have kWeightBits = 14 fraction bits. An 8-bit plane becomes
//          int16 with kMiddleBits = 6 fraction bits: 255 * 64 * 2 (see
//          weight_table.h) fits int16 with the overshoot, so only the result
//          is clamped. A 16-bit plane is int16 throughout (see picture.h) and
//          is clamped after each step.
// Rounding half up in each step of every kernel, so that all targets give the
//          same bits.
// Memory   kernels read up to SampleBuffer::kSlack bytes beyond a row's end,
//          and vertical*() write so far too. halve*() write within PaddedRow(),
//          horizontal*() write `count` samples only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace thumbmill {

constexpr int kMiddleBits = 6;

struct Kernels {
  const char* name;

  // out[x] = sum of rows[t][x] * weights[t]. `taps` is even.
  void (*vertical8)(const std::uint8_t* const* rows,
                    const std::int16_t* weights, std::size_t taps,
                    std::size_t width, std::int16_t* out);
  void (*vertical16)(const std::int16_t* const* rows,
                     const std::int16_t* weights, std::size_t taps,
                     std::size_t width, std::int16_t* out);

  // out[i] = sum of in[starts[i] + t] * weights[i * stride + t], t < stride;
  // `stride` is a multiple of 8.
  void (*horizontal8)(const std::int16_t* in, const std::uint32_t* starts,
                      const std::int16_t* weights, std::size_t stride,
                      std::size_t count, std::uint8_t* out);
  void (*horizontal16)(const std::int16_t* in, const std::uint32_t* starts,
                       const std::int16_t* weights, std::size_t stride,
                       std::size_t count, std::int16_t* out);

  // out[x] = mean of the 2x2 input samples at 2 * x. `width` is the width of
  // `out`; the input rows have 2 * width samples.
  void (*halve8)(const std::uint8_t* upper, const std::uint8_t* lower,
                 std::size_t width, std::uint8_t* out);
  void (*halve16)(const std::int16_t* upper, const std::int16_t* lower,
                  std::size_t width, std::int16_t* out);
};

[[nodiscard]] const Kernels& ReferenceKernels();
// Returns the kernels for the best instruction set that this processor has.
[[nodiscard]] const Kernels& SimdKernels();
// Returns the kernels for all instruction sets that this processor has. For
// tests, and not thread-safe.
[[nodiscard]] std::vector<const Kernels*> AllSimdKernels();

}  // namespace thumbmill
