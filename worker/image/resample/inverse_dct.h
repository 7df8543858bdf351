// worker/image/resample/inverse_dct.h: from the coefficients of an 8x8 block to
// N x N samples, N from 1 to 8: the picture resized by N/8 on the way.
//
// The idea: the N x N lowest frequencies of a block, taken for those of an
// N-point DCT, are the block at N/8 of its size with nothing but the higher
// frequencies missing (Dugad and Ahuja, "A fast scheme for image size change in
// the compressed domain", 2001). A transform is two products with a small
// matrix, in pairs, as multiply-add instructions take them.
//
// Input    dequantised coefficients, T.81 A.3.3: coefs[8 * v + u], v the
//          horizontal frequency and u the vertical one (transposed, so that
//          rows come out as rows). Only v, u < N are looked at.
// Output   8 bits, level-shifted by 128. N rows of 8 bytes are written, of
//          which the first N count.
// Bits     the matrix has kDctBits = 14, what stands between the products
//          kDctMiddleBits = 2. 8-bit samples give coefficients up to 1152; for
//          those up to kMaxDctInput nothing clamps but the samples: a row of
//          the matrix adds up to 2.6, 2.6 * 2047 * 4 fits int16. Beyond, what
//          stands between clamps as well.
// Rounding half up in both steps; equal bit for bit on all targets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace thumbmill {

constexpr int kDctBits = 14;
constexpr int kDctMiddleBits = 2;
constexpr int kMaxDctInput = 2047;

using InverseDct = void (*)(const std::int16_t* coefs, std::uint8_t* out,
                            std::size_t stride);

struct InverseDcts {
  const char* name;
  std::array<InverseDct, 9> of_size;  // [1..8]
};

// matrix[N][i][u]: what frequency u adds to sample i. Both factors that make a
// pair lie next to each other; the ninth row and column are zero.
struct DctMatrices {
  std::int16_t of_size[9][8][8] = {};
  DctMatrices();
};
[[nodiscard]] const DctMatrices& AllDctMatrices();

[[nodiscard]] const InverseDcts& ReferenceInverseDcts();
// For the best instruction set that this processor has.
[[nodiscard]] const InverseDcts& SimdInverseDcts();
// For each instruction set that it has. For tests: not thread-safe.
[[nodiscard]] std::vector<const InverseDcts*> AllSimdInverseDcts();

}  // namespace thumbmill
