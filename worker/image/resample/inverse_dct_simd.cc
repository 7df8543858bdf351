// The transforms for all instruction sets, from one source. Highway includes
// this file once per target. inverse_dct_reference.cc defines their results.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/image/resample/inverse_dct_simd.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cstring>

#include "worker/image/resample/every_target.h"
#include "worker/image/resample/inverse_dct.h"

HWY_BEFORE_NAMESPACE();
namespace thumbmill {
namespace HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

const InverseDcts* Table() { return &ReferenceInverseDcts(); }

#else

namespace hn = hwy::HWY_NAMESPACE;

// A row of a block is 8 samples, which fit into one vector on every target.
using D16 = hn::CappedTag<std::int16_t, 8>;
using D32 = hn::CappedTag<std::int32_t, 4>;
using V16 = hn::Vec<D16>;
using V32 = hn::Vec<D32>;

// Two rows, interleaved as [a0 b0 a1 b1 ...]: the lower and the upper half.
struct RowPair {
  V16 lower, upper;
};

template <int N>
HWY_INLINE void PairUp(const V16* rows, RowPair* pairs) {
  for (int p = 0; p < (N + 1) / 2; ++p) {
    const V16 odd = 2 * p + 1 < N ? rows[2 * p + 1] : hn::Zero(D16());
    pairs[p].lower = hn::InterleaveLower(D16(), rows[2 * p], odd);
    pairs[p].upper = hn::InterleaveUpper(D16(), rows[2 * p], odd);
  }
}

// Returns one row of the product: the sum of the rows in `pairs`, each times
// its factor, plus `bias`, shifted and clamped.
template <int N, int kShift>
HWY_INLINE V16 Product(const RowPair* pairs, const std::int16_t* factors,
                       std::int32_t bias) {
  V32 lower0 = hn::Set(D32(), bias), upper0 = lower0;
  V32 lower1 = hn::Zero(D32()), upper1 = lower1;
  for (int p = 0; p < (N + 1) / 2; ++p) {
    std::int32_t two;
    std::memcpy(&two, factors + 2 * p, sizeof two);
    const V16 factor = hn::BitCast(D16(), hn::Set(D32(), two));
    lower0 = hn::ReorderWidenMulAccumulate(D32(), pairs[p].lower, factor,
                                           lower0, lower1);
    upper0 = hn::ReorderWidenMulAccumulate(D32(), pairs[p].upper, factor,
                                           upper0, upper1);
  }
  const V32 lower = hn::RearrangeToOddPlusEven(lower0, lower1);
  const V32 upper = hn::RearrangeToOddPlusEven(upper0, upper1);
  return hn::ReorderDemote2To(D16(), hn::ShiftRight<kShift>(lower),
                              hn::ShiftRight<kShift>(upper));
}

// Transposes 8x8 samples. Rows beyond N are not read; they count as zero.
template <int N>
HWY_INLINE void Transpose(const V16* in, V16* out) {
  const D32 d32;
  const hn::Repartition<std::int64_t, D16> d64;
  const auto row = [&](int i) { return i < N ? in[i] : hn::Zero(D16()); };
  V16 a[8];
  for (int i = 0; i < 4; ++i) {
    a[2 * i] = hn::InterleaveLower(D16(), row(2 * i), row(2 * i + 1));
    a[2 * i + 1] = hn::InterleaveUpper(D16(), row(2 * i), row(2 * i + 1));
  }
  // Now a[2i] has columns 0-3 of rows 2i and 2i + 1, and a[2i + 1] has columns
  // 4-7.
  V16 b[8];
  for (int half = 0; half < 2; ++half)
    for (int i = 0; i < 2; ++i) {
      const V32 upper = hn::BitCast(d32, a[4 * half + i]);
      const V32 lower = hn::BitCast(d32, a[4 * half + 2 + i]);
      b[4 * half + 2 * i] =
          hn::BitCast(D16(), hn::InterleaveLower(d32, upper, lower));
      b[4 * half + 2 * i + 1] =
          hn::BitCast(D16(), hn::InterleaveUpper(d32, upper, lower));
    }
  // Now b[k] has rows 0-3 of columns 2k and 2k + 1, and b[4 + k] has rows 4-7.
  for (int k = 0; k < 4; ++k) {
    const auto upper = hn::BitCast(d64, b[k]);
    const auto lower = hn::BitCast(d64, b[4 + k]);
    out[2 * k] = hn::BitCast(D16(), hn::InterleaveLower(d64, upper, lower));
    out[2 * k + 1] = hn::BitCast(D16(), hn::InterleaveUpper(d64, upper, lower));
  }
}

template <int N>
void Inverse(const std::int16_t* coefs, std::uint8_t* out, std::size_t stride) {
  const auto& matrix = AllDctMatrices().of_size[N];
  constexpr int kFirst = kDctBits - kDctMiddleBits;
  constexpr int kSecond = kDctBits + kDctMiddleBits;
  V16 rows[8], turned[8];
  RowPair pairs[4];
  for (int v = 0; v < N; ++v) rows[v] = hn::LoadU(D16(), coefs + 8 * v);
  PairUp<N>(rows, pairs);
  for (int j = 0; j < N; ++j)
    rows[j] = Product<N, kFirst>(pairs, matrix[j], 1 << (kFirst - 1));
  Transpose<N>(rows, turned);
  PairUp<N>(turned, pairs);
  const hn::Rebind<std::uint8_t, D16> bytes;
  for (int i = 0; i < N; ++i) {
    const V16 row = Product<N, kSecond>(
        pairs, matrix[i], (128 << kSecond) + (1 << (kSecond - 1)));
    hn::StoreU(hn::DemoteTo(bytes, row), bytes,
               out + static_cast<std::size_t>(i) * stride);
  }
}

const InverseDcts* Table() {
  static const InverseDcts table = {
      hwy::TargetName(HWY_TARGET),
      {nullptr, ReferenceInverseDcts().of_size[1],
       ReferenceInverseDcts().of_size[2], Inverse<3>, Inverse<4>, Inverse<5>,
       Inverse<6>, Inverse<7>, Inverse<8>}};
  return &table;
}

#endif  // HWY_TARGET

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace thumbmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace thumbmill {

HWY_EXPORT(Table);

const InverseDcts& SimdInverseDcts() {
  static const InverseDcts& best = *HWY_DYNAMIC_DISPATCH(Table)();
  return best;
}

std::vector<const InverseDcts*> AllSimdInverseDcts() {
  return OfEveryTarget<InverseDcts>(
      [] { return HWY_DYNAMIC_DISPATCH(Table)(); });
}

}  // namespace thumbmill
#endif  // HWY_ONCE
