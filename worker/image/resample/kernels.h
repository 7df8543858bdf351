// worker/image/resample/kernels.h: the inner loops of resizing, once as a
// definition (kernels_reference.cc) and once in SIMD (kernels_simd.cc).
//
// The idea: rows are combined vertically first, where neighbouring samples lie
// next to each other in memory whatever the scale; the few rows that come out
// are then combined horizontally. Both steps multiply int16 by int16 and add
// in int32.
//
// Bits     weights have kWeightBits = 14 fraction bits. An 8-bit plane becomes
//          int16 with kMiddleBits = 6 fraction bits: 255 * 64 * 2 (see
//          weight_table.h) fits int16 with its overshoot, which is clamped at
//          the end only. A 16-bit plane is int16 throughout (see picture.h)
//          and clamps after each step.
// Rounding half up, in each step, the same in every kernel: results are equal
//          bit for bit on all targets.
// Memory   reads go up to SampleBuffer::kSlack bytes beyond a row's end, and so
//          do the writes of vertical*(). halve*() write within PaddedRow(),
//          horizontal*() write what was asked for.
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

  // out[x] = mean of the 2x2 samples under it; `width` is out's. The input has
  // 2 * width samples.
  void (*halve8)(const std::uint8_t* upper, const std::uint8_t* lower,
                 std::size_t width, std::uint8_t* out);
  void (*halve16)(const std::int16_t* upper, const std::int16_t* lower,
                  std::size_t width, std::int16_t* out);
};

[[nodiscard]] const Kernels& ReferenceKernels();
// For the best instruction set that this processor has.
[[nodiscard]] const Kernels& SimdKernels();
// For each instruction set that it has. For tests: not thread-safe.
[[nodiscard]] std::vector<const Kernels*> AllSimdKernels();

}  // namespace thumbmill
