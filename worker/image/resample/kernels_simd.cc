// The kernels for all instruction sets, from one source. Highway includes this
// file once per target. kernels_reference.cc defines their results.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/image/resample/kernels_simd.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cstring>

#include "worker/image/resample/every_target.h"
#include "worker/image/resample/kernels.h"
#include "worker/image/resample/weight_table.h"

HWY_BEFORE_NAMESPACE();
namespace thumbmill {
namespace HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

// This target has no real vectors, and the compiler does as well with the plain
// loops.
const Kernels* Table() { return &ReferenceKernels(); }

#else

namespace hn = hwy::HWY_NAMESPACE;

using D16 = hn::ScalableTag<std::int16_t>;
using D32 = hn::RepartitionToWide<D16>;
using V16 = hn::Vec<D16>;
using V32 = hn::Vec<D32>;

HWY_INLINE V16 LoadSamples(const std::uint8_t* row) {
  return hn::PromoteTo(D16(), hn::LoadU(hn::Rebind<std::uint8_t, D16>(), row));
}
HWY_INLINE V16 LoadSamples(const std::int16_t* row) {
  return hn::LoadU(D16(), row);
}

// Returns a vector with two neighbouring weights in each pair of lanes.
HWY_INLINE V16 WeightPair(const std::int16_t* weights) {
  std::int32_t pair;
  std::memcpy(&pair, weights, sizeof pair);
  return hn::BitCast(D16(), hn::Set(D32(), pair));
}

// The sums of one vector of columns. They are split into the lower and the
// upper half of each 128-bit block, because pairs of rows interleave in this
// way. ReorderWidenMulAccumulate() may spread each sum over two registers.
struct ColumnSums {
  V32 lower0, lower1, upper0, upper1;

  HWY_INLINE void Start(std::int32_t rounding) {
    lower0 = upper0 = hn::Set(D32(), rounding);
    lower1 = upper1 = hn::Zero(D32());
  }
  HWY_INLINE void Add(V16 a, V16 b, V16 weights) {
    const V16 lower = hn::InterleaveLower(D16(), a, b);
    const V16 upper = hn::InterleaveUpper(D16(), a, b);
    lower0 =
        hn::ReorderWidenMulAccumulate(D32(), lower, weights, lower0, lower1);
    upper0 =
        hn::ReorderWidenMulAccumulate(D32(), upper, weights, upper0, upper1);
  }
  template <int kShift>
  HWY_INLINE V16 Done() const {
    const V32 lower = hn::RearrangeToOddPlusEven(lower0, lower1);
    const V32 upper = hn::RearrangeToOddPlusEven(upper0, upper1);
    return hn::ReorderDemote2To(D16(), hn::ShiftRight<kShift>(lower),
                                hn::ShiftRight<kShift>(upper));
  }
};

template <typename Sample, int kShift>
void Vertical(const Sample* const* rows, const std::int16_t* weights,
              std::size_t taps, std::size_t width, std::int16_t* out) {
  const std::size_t lanes = hn::Lanes(D16());
  // Two vectors of columns per turn share the weights and are independent, so
  // the processor can work on both at once.
  for (std::size_t x = 0; x < width; x += 2 * lanes) {
    ColumnSums first, second;
    first.Start(1 << (kShift - 1));
    second.Start(1 << (kShift - 1));
    for (std::size_t t = 0; t < taps; t += 2) {
      const Sample* a = rows[t] + x;
      const Sample* b = rows[t + 1] + x;
      const V16 pair = WeightPair(weights + t);
      first.Add(LoadSamples(a), LoadSamples(b), pair);
      second.Add(LoadSamples(a + lanes), LoadSamples(b + lanes), pair);
    }
    hn::StoreU(first.Done<kShift>(), D16(), out + x);
    hn::StoreU(second.Done<kShift>(), D16(), out + x + lanes);
  }
}

// The horizontal kernel needs neighbouring samples for each output. It reads
// them in blocks of 8, which every target has, and makes four outputs at a
// time.
using B16 = hn::CappedTag<std::int16_t, 8>;
using B32 = hn::CappedTag<std::int32_t, 4>;
using Block16 = hn::Vec<B16>;
using Block32 = hn::Vec<B32>;

HWY_INLINE Block32 Dot(const std::int16_t* in, const std::int16_t* weights,
                       std::size_t stride) {
  Block32 sum0 = hn::Zero(B32()), sum1 = hn::Zero(B32());
  for (std::size_t t = 0; t < stride; t += 8)
    sum0 = hn::ReorderWidenMulAccumulate(B32(), hn::LoadU(B16(), in + t),
                                         hn::LoadU(B16(), weights + t), sum0,
                                         sum1);
  return hn::Add(sum0, sum1);
}

// Returns the sums over the lanes of four vectors, one sum per lane.
HWY_INLINE Block32 SumEach(Block32 a, Block32 b, Block32 c, Block32 d) {
  const Block32 ab = hn::Add(hn::InterleaveLower(B32(), a, b),
                             hn::InterleaveUpper(B32(), a, b));
  const Block32 cd = hn::Add(hn::InterleaveLower(B32(), c, d),
                             hn::InterleaveUpper(B32(), c, d));
  return hn::Add(hn::ConcatLowerLower(B32(), cd, ab),
                 hn::ConcatUpperUpper(B32(), cd, ab));
}

HWY_INLINE void StoreFour(Block32 sums, std::uint8_t* out) {
  const hn::Rebind<std::uint8_t, B32> bytes;
  hn::StoreU(hn::DemoteTo(bytes, sums), bytes, out);
}
HWY_INLINE void StoreFour(Block32 sums, std::int16_t* out) {
  const hn::Rebind<std::int16_t, B32> words;
  hn::StoreU(hn::DemoteTo(words, sums), words, out);
}

template <typename Sample, int kShift>
void Horizontal(const std::int16_t* in, const std::uint32_t* starts,
                const std::int16_t* weights, std::size_t stride,
                std::size_t count, Sample* out) {
  const Block32 rounding = hn::Set(B32(), 1 << (kShift - 1));
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const std::int16_t* w = weights + i * stride;
    const Block32 sums =
        SumEach(Dot(in + starts[i], w, stride),
                Dot(in + starts[i + 1], w + stride, stride),
                Dot(in + starts[i + 2], w + 2 * stride, stride),
                Dot(in + starts[i + 3], w + 3 * stride, stride));
    StoreFour(hn::ShiftRight<kShift>(hn::Add(sums, rounding)), out + i);
  }
  for (; i < count; ++i) {
    const Block32 zero = hn::Zero(B32());
    const Block32 sums = SumEach(
        Dot(in + starts[i], weights + i * stride, stride), zero, zero, zero);
    Sample four[4];
    StoreFour(hn::ShiftRight<kShift>(hn::Add(sums, rounding)), four);
    out[i] = four[0];
  }
}

void Halve8(const std::uint8_t* upper, const std::uint8_t* lower,
            std::size_t width, std::uint8_t* out) {
  const hn::ScalableTag<std::uint8_t> d8;
  const hn::RepartitionToWide<decltype(d8)> du16;
  const hn::Rebind<std::uint8_t, D16> half;
  const auto low_byte = hn::Set(du16, 0xFF);
  for (std::size_t x = 0; x < width; x += hn::Lanes(du16)) {
    const auto a = hn::BitCast(du16, hn::LoadU(d8, upper + 2 * x));
    const auto b = hn::BitCast(du16, hn::LoadU(d8, lower + 2 * x));
    // Each 16-bit lane has two neighbouring samples: an even and an odd one.
    const auto even = hn::Add(hn::And(a, low_byte), hn::And(b, low_byte));
    const auto odd = hn::Add(hn::ShiftRight<8>(a), hn::ShiftRight<8>(b));
    const auto sum = hn::Add(hn::Add(even, odd), hn::Set(du16, 2));
    const auto mean = hn::BitCast(D16(), hn::ShiftRight<2>(sum));
    hn::StoreU(hn::DemoteTo(half, mean), half, out + x);
  }
}

void Halve16(const std::int16_t* upper, const std::int16_t* lower,
             std::size_t width, std::int16_t* out) {
  const hn::Rebind<std::int16_t, D32> half;
  // A multiply-add with ones adds neighbouring samples in 32 bits.
  const V16 ones = hn::Set(D16(), 1);
  for (std::size_t x = 0; x < width; x += hn::Lanes(D32())) {
    V32 sum0 = hn::Set(D32(), 2), sum1 = hn::Zero(D32());
    sum0 = hn::ReorderWidenMulAccumulate(D32(), hn::LoadU(D16(), upper + 2 * x),
                                         ones, sum0, sum1);
    sum0 = hn::ReorderWidenMulAccumulate(D32(), hn::LoadU(D16(), lower + 2 * x),
                                         ones, sum0, sum1);
    const V32 sum = hn::RearrangeToOddPlusEven(sum0, sum1);
    hn::StoreU(hn::DemoteTo(half, hn::ShiftRight<2>(sum)), half, out + x);
  }
}

const Kernels* Table() {
  static const Kernels kernels = {
      hwy::TargetName(HWY_TARGET),
      Vertical<std::uint8_t, kWeightBits - kMiddleBits>,
      Vertical<std::int16_t, kWeightBits>,
      Horizontal<std::uint8_t, kWeightBits + kMiddleBits>,
      Horizontal<std::int16_t, kWeightBits>,
      Halve8,
      Halve16,
  };
  return &kernels;
}

#endif  // HWY_TARGET

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace thumbmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace thumbmill {

HWY_EXPORT(Table);

const Kernels& SimdKernels() {
  static const Kernels& best = *HWY_DYNAMIC_DISPATCH(Table)();
  return best;
}

std::vector<const Kernels*> AllSimdKernels() {
  return OfEveryTarget<Kernels>([] { return HWY_DYNAMIC_DISPATCH(Table)(); });
}

}  // namespace thumbmill
#endif  // HWY_ONCE
