// The definition of the kernels: slow and plain. The tests compare the others
// with it.
#include <algorithm>

#include "worker/image/resample/kernels.h"
#include "worker/image/resample/weight_table.h"

namespace thumbmill {
namespace {

template <typename T>
T RoundTo(std::int32_t sum, int shift, std::int32_t low, std::int32_t high) {
  const std::int32_t rounded = (sum + (1 << (shift - 1))) >> shift;
  return static_cast<T>(std::clamp(rounded, low, high));
}

template <typename Sample, int kShift>
void Vertical(const Sample* const* rows, const std::int16_t* weights,
              std::size_t taps, std::size_t width, std::int16_t* out) {
  for (std::size_t x = 0; x < width; ++x) {
    std::int32_t sum = 0;
    for (std::size_t t = 0; t < taps; ++t) sum += rows[t][x] * weights[t];
    out[x] = RoundTo<std::int16_t>(sum, kShift, INT16_MIN, INT16_MAX);
  }
}

template <typename Sample, int kShift, int kLow, int kHigh>
void Horizontal(const std::int16_t* in, const std::uint32_t* starts,
                const std::int16_t* weights, std::size_t stride,
                std::size_t count, Sample* out) {
  for (std::size_t i = 0; i < count; ++i) {
    std::int32_t sum = 0;
    for (std::size_t t = 0; t < stride; ++t)
      sum += in[starts[i] + t] * weights[i * stride + t];
    out[i] = RoundTo<Sample>(sum, kShift, kLow, kHigh);
  }
}

template <typename Sample>
void Halve(const Sample* upper, const Sample* lower, std::size_t width,
           Sample* out) {
  for (std::size_t x = 0; x < width; ++x) {
    const int sum =
        upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1];
    out[x] = static_cast<Sample>((sum + 2) >> 2);
  }
}

}  // namespace

const Kernels& ReferenceKernels() {
  static const Kernels kernels = {
      "reference",
      Vertical<std::uint8_t, kWeightBits - kMiddleBits>,
      Vertical<std::int16_t, kWeightBits>,
      Horizontal<std::uint8_t, kWeightBits + kMiddleBits, 0, 255>,
      Horizontal<std::int16_t, kWeightBits, INT16_MIN, INT16_MAX>,
      Halve<std::uint8_t>,
      Halve<std::int16_t>,
  };
  return kernels;
}

}  // namespace thumbmill
