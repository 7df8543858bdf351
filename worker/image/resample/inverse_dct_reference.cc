// The definition of the transforms: slow and plain. The tests compare the
// others with it.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "worker/image/resample/inverse_dct.h"

namespace thumbmill {
namespace {

std::int32_t RoundShift(std::int32_t sum, int bits) {
  return (sum + (1 << (bits - 1))) >> bits;
}

template <int N>
void Inverse(const std::int16_t* coefs, std::uint8_t* out, std::size_t stride) {
  const auto& matrix = AllDctMatrices().of_size[N];
  constexpr int kSecond = kDctBits + kDctMiddleBits;
  std::int16_t middle[N][N];  // [u][j]
  for (int u = 0; u < N; ++u)
    for (int j = 0; j < N; ++j) {
      std::int32_t sum = 0;
      for (int v = 0; v < N; ++v) sum += matrix[j][v] * coefs[8 * v + u];
      const auto value = RoundShift(sum, kDctBits - kDctMiddleBits);
      middle[u][j] = static_cast<std::int16_t>(
          std::clamp<std::int32_t>(value, INT16_MIN, INT16_MAX));
    }
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j) {
      std::int32_t sum = 128 << kSecond;
      for (int u = 0; u < N; ++u) sum += matrix[i][u] * middle[u][j];
      out[static_cast<std::size_t>(i) * stride + static_cast<std::size_t>(j)] =
          static_cast<std::uint8_t>(
              std::clamp<std::int32_t>(RoundShift(sum, kSecond), 0, 255));
    }
}

}  // namespace

// Each factor is half the cosine, and at frequency 0 that divided by the root
// of 2. This already includes the scale between the values of an 8-point DCT
// and an N-point transform.
DctMatrices::DctMatrices() {
  for (int n = 1; n <= 8; ++n)
    for (int i = 0; i < n; ++i)
      for (int u = 0; u < n; ++u) {
        const double angle = (2 * i + 1) * u * std::numbers::pi / (2 * n);
        const double scale = u == 0 ? std::numbers::sqrt2 / 4 : 0.5;
        of_size[n][i][u] = static_cast<std::int16_t>(
            std::lround(scale * std::cos(angle) * (1 << kDctBits)));
      }
}

const DctMatrices& AllDctMatrices() {
  static const DctMatrices matrices;
  return matrices;
}

const InverseDcts& ReferenceInverseDcts() {
  static const InverseDcts table = {
      "reference",
      {nullptr, Inverse<1>, Inverse<2>, Inverse<3>, Inverse<4>, Inverse<5>,
       Inverse<6>, Inverse<7>, Inverse<8>}};
  return table;
}

}  // namespace thumbmill
