// worker/image/resample/inverse_dct.h: transforms the coefficients of an 8x8
// block to N x N samples, N from 1 to 8. The transform resizes the picture by
// N/8.
//
// The idea: take the N x N lowest frequencies of a block as those of an N-point
// DCT. Its result is the block at N/8 of its size, without the higher
// frequencies but otherwise exact (Dugad and Ahuja, "A fast scheme for image
// size change in the compressed domain", 2001). A transform is two products
// with a small matrix. Their terms are added in pairs, the form that
// multiply-add instructions take.
//
// Input    dequantised coefficients, T.81 A.3.3, as coefs[8 * v + u], where v
//          is the horizontal and u the vertical frequency (transposed, so that
//          rows come out as rows). Only v, u < N are read.
// Output   8 bits, level-shifted by 128. N rows of 8 bytes are written; the
//          first N bytes of each are the samples.
// Bits     the matrix has kDctBits = 14 fraction bits, the values between the
//          two products have kDctMiddleBits = 2. 8-bit samples give
//          coefficients up to 1152. For coefficients up to kMaxDctInput only
//          the samples are clamped: the magnitudes of a matrix row add up to
//          2.6, and 2.6 * 2047 * 4 fits int16. For larger ones the values
//          between the products are clamped too.
// Rounding half up in both steps, so that all targets give the same bits.
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
  std::array<InverseDct, 9> of_size;  // by N, 1 to 8
};

// of_size[N][i][u] is the factor of frequency u in sample i. The two factors of
// a pair lie next to each other in memory; factors beyond N are zero.
struct DctMatrices {
  std::int16_t of_size[9][8][8] = {};
  DctMatrices();
};
[[nodiscard]] const DctMatrices& AllDctMatrices();

[[nodiscard]] const InverseDcts& ReferenceInverseDcts();
// Returns the table for the best instruction set that this processor has.
[[nodiscard]] const InverseDcts& SimdInverseDcts();
// Returns the tables for all instruction sets that this processor has. For
// tests, and not thread-safe.
[[nodiscard]] std::vector<const InverseDcts*> AllSimdInverseDcts();

}  // namespace thumbmill
