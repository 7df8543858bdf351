// The kernels for rows for all instruction sets, from one source. Highway
// includes this file once per target. row_kernels_reference.cc defines their
// results.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/image/resample/row_kernels_simd.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cstring>

#include "worker/image/resample/every_target.h"
#include "worker/image/resample/row_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace thumbmill {
namespace HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

const RowKernels* RowTable() { return &ReferenceRowKernels(); }

#else

namespace hn = hwy::HWY_NAMESPACE;

// A vector holds one pixel. Each pixel needs the one before it, so only its
// channels can be computed at once. A pixel of 3 or 6 bytes is loaded and
// stored with the bytes that follow it; the next store overwrites those.
template <std::size_t kPixel>
constexpr std::size_t kPixelLanes = kPixel <= 4 ? 4 : 8;

template <std::size_t kPixel>
void UndoSub(const std::uint8_t* in, const std::uint8_t*, std::size_t bytes,
             std::uint8_t* out) {
  const hn::CappedTag<std::uint8_t, kPixelLanes<kPixel>> d;
  auto left = hn::Zero(d);
  for (std::size_t i = 0; i < bytes; i += kPixel) {
    left = hn::Add(left, hn::LoadU(d, in + i));
    hn::StoreU(left, d, out + i);
  }
}

void UndoUp(const std::uint8_t* in, const std::uint8_t* above,
            std::size_t bytes, std::uint8_t* out) {
  const hn::ScalableTag<std::uint8_t> d;
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= bytes; i += hn::Lanes(d))
    hn::StoreU(hn::Add(hn::LoadU(d, in + i), hn::LoadU(d, above + i)), d,
               out + i);
  for (; i < bytes; ++i) out[i] = static_cast<std::uint8_t>(in[i] + above[i]);
}

template <std::size_t kPixel>
void UndoAverage(const std::uint8_t* in, const std::uint8_t* above,
                 std::size_t bytes, std::uint8_t* out) {
  const hn::CappedTag<std::uint8_t, kPixelLanes<kPixel>> d;
  const auto one = hn::Set(d, 1);
  auto left = hn::Zero(d);
  for (std::size_t i = 0; i < bytes; i += kPixel) {
    const auto up = hn::LoadU(d, above + i);
    // AverageRound() rounds up, but the filter rounds down.
    const auto odd = hn::And(hn::Xor(left, up), one);
    const auto guess = hn::Sub(hn::AverageRound(left, up), odd);
    left = hn::Add(guess, hn::LoadU(d, in + i));
    hn::StoreU(left, d, out + i);
  }
}

template <std::size_t kPixel>
void UndoPaeth(const std::uint8_t* in, const std::uint8_t* above,
               std::size_t bytes, std::uint8_t* out) {
  const hn::CappedTag<std::uint8_t, kPixelLanes<kPixel>> d8;
  const hn::Rebind<std::int16_t, decltype(d8)> d16;
  const auto low_byte = hn::Set(d16, 0xFF);
  auto left = hn::Zero(d16), corner = hn::Zero(d16);
  for (std::size_t i = 0; i < bytes; i += kPixel) {
    const auto up = hn::PromoteTo(d16, hn::LoadU(d8, above + i));
    const auto sample = hn::PromoteTo(d16, hn::LoadU(d8, in + i));
    const auto slope = hn::Sub(up, corner);
    const auto by_left = hn::Abs(slope);
    const auto by_up = hn::Abs(hn::Sub(left, corner));
    const auto by_corner = hn::Abs(hn::Add(left, hn::Sub(slope, corner)));
    const auto least = hn::Min(hn::Min(by_up, by_corner), by_left);
    const auto other = hn::IfThenElse(hn::Eq(by_up, least), up, corner);
    const auto guess = hn::IfThenElse(hn::Eq(by_left, least), left, other);
    left = hn::And(hn::Add(guess, sample), low_byte);
    hn::StoreU(hn::DemoteTo(d8, left), d8, out + i);
    corner = up;
  }
}

// ---- splitting ----

// Splits the rest of a row with the definition. The SIMD loops only handle
// whole vectors, because a splitter may not read or write past the row's end.
template <std::size_t kChannels, std::size_t kSampleBytes,
          std::size_t kOutBytes>
HWY_INLINE void SplitRest(Splitter rest, const std::uint8_t* row,
                          std::uint32_t done, std::uint32_t width,
                          const RowPointers& out) {
  RowPointers left{};
  for (std::size_t c = 0; c < kChannels; ++c)
    left[c] = out[c] + done * kOutBytes;
  rest(row + std::size_t{done} * kChannels * kSampleBytes, width - done, left);
}

void SplitRgb8(const std::uint8_t* row, std::uint32_t width,
               const RowPointers& out) {
  const hn::ScalableTag<std::uint8_t> d;
  const auto lanes = static_cast<std::uint32_t>(hn::Lanes(d));
  std::uint32_t x = 0;
  for (; width - x >= lanes; x += lanes) {
    hn::Vec<decltype(d)> r, g, b;
    hn::LoadInterleaved3(d, row + std::size_t{3} * x, r, g, b);
    hn::StoreU(r, d, out[0] + x);
    hn::StoreU(g, d, out[1] + x);
    hn::StoreU(b, d, out[2] + x);
  }
  SplitRest<3, 1, 1>(ReferenceRowKernels().split8[3], row, x, width, out);
}

void CopyGrey8(const std::uint8_t* row, std::uint32_t width,
               const RowPointers& out) {
  std::memcpy(out[0], row, width);
}

using DU16 = hn::ScalableTag<std::uint16_t>;

// Subtracts 32768 by a flip of the highest bit, and stores the samples.
HWY_INLINE void StoreBiased(hn::Vec<DU16> samples, std::uint8_t* out,
                            std::uint32_t x) {
  hn::StoreU(hn::Xor(samples, hn::Set(DU16(), 0x8000)), DU16(),
             reinterpret_cast<std::uint16_t*>(out) + x);
}

void SplitGrey16(const std::uint8_t* bytes, std::uint32_t width,
                 const RowPointers& out) {
  const auto* row = reinterpret_cast<const std::uint16_t*>(bytes);
  const auto lanes = static_cast<std::uint32_t>(hn::Lanes(DU16()));
  std::uint32_t x = 0;
  for (; width - x >= lanes; x += lanes)
    StoreBiased(hn::LoadU(DU16(), row + x), out[0], x);
  SplitRest<1, 2, 2>(ReferenceRowKernels().split16[1], bytes, x, width, out);
}

void SplitRgb16(const std::uint8_t* bytes, std::uint32_t width,
                const RowPointers& out) {
  const auto* row = reinterpret_cast<const std::uint16_t*>(bytes);
  const auto lanes = static_cast<std::uint32_t>(hn::Lanes(DU16()));
  std::uint32_t x = 0;
  for (; width - x >= lanes; x += lanes) {
    hn::Vec<DU16> r, g, b;
    hn::LoadInterleaved3(DU16(), row + std::size_t{3} * x, r, g, b);
    StoreBiased(r, out[0], x);
    StoreBiased(g, out[1], x);
    StoreBiased(b, out[2], x);
  }
  SplitRest<3, 2, 2>(ReferenceRowKernels().split16[3], bytes, x, width, out);
}

using D32 = hn::ScalableTag<std::int32_t>;
using DU32 = hn::RebindToUnsigned<D32>;

HWY_INLINE void StoreBiased(hn::Vec<DU32> samples, std::uint8_t* out,
                            std::uint32_t x) {
  const hn::Rebind<std::int16_t, D32> d16;
  const auto biased =
      hn::Sub(hn::BitCast(D32(), samples), hn::Set(D32(), 32768));
  hn::StoreU(hn::DemoteTo(d16, biased), d16,
             reinterpret_cast<std::int16_t*>(out) + x);
}

// Returns (product + 32767) / 65535, exact for products of two 16-bit numbers.
// With n = 65536 k + r, n / 65535 is (n + k + 1) / 65536, rounded down.
HWY_INLINE hn::Vec<DU32> Scale(hn::Vec<DU32> product) {
  const auto n = hn::Add(product, hn::Set(DU32(), 32767));
  const auto k = hn::ShiftRight<16>(n);
  return hn::ShiftRight<16>(hn::Add(hn::Add(n, k), hn::Set(DU32(), 1)));
}

// Factor from a sample to 0-65535.
template <typename Sample>
constexpr std::uint32_t kWiden = sizeof(Sample) == 1 ? 257 : 1;

template <typename Sample>
using DSample = hn::Rebind<Sample, D32>;

template <typename Sample>
HWY_INLINE hn::Vec<DU32> Promoted(hn::Vec<DSample<Sample>> samples) {
  return hn::PromoteTo(DU32(), samples);
}

// Returns colour times alpha as 0-65535. The product of two 16-bit numbers fits
// 32 bits, and so does 257 * 257 * 255 * 255.
template <typename Sample>
HWY_INLINE hn::Vec<DU32> Multiplied(hn::Vec<DSample<Sample>> colour,
                                    hn::Vec<DU32> alpha) {
  const auto product = hn::Mul(Promoted<Sample>(colour), alpha);
  constexpr std::uint32_t kBoth = kWiden<Sample> * kWiden<Sample>;
  return Scale(kBoth == 1 ? product : hn::Mul(product, hn::Set(DU32(), kBoth)));
}

template <typename Sample>
HWY_INLINE void StoreAlpha(hn::Vec<DU32> alpha, std::uint8_t* out,
                           std::uint32_t x) {
  StoreBiased(kWiden<Sample> == 1
                  ? alpha
                  : hn::Mul(alpha, hn::Set(DU32(), kWiden<Sample>)),
              out, x);
}

template <typename Sample>
Splitter RestOf(std::size_t channels) {
  const RowKernels& all = ReferenceRowKernels();
  return sizeof(Sample) == 1 ? all.split8[channels] : all.split16[channels];
}

template <typename Sample>
void SplitGreyAlpha(const std::uint8_t* bytes, std::uint32_t width,
                    const RowPointers& out) {
  const DSample<Sample> d;
  const auto* row = reinterpret_cast<const Sample*>(bytes);
  const auto lanes = static_cast<std::uint32_t>(hn::Lanes(d));
  std::uint32_t x = 0;
  for (; width - x >= lanes; x += lanes) {
    hn::Vec<decltype(d)> grey, a;
    hn::LoadInterleaved2(d, row + std::size_t{2} * x, grey, a);
    const auto alpha = Promoted<Sample>(a);
    StoreBiased(Multiplied<Sample>(grey, alpha), out[0], x);
    StoreAlpha<Sample>(alpha, out[1], x);
  }
  SplitRest<2, sizeof(Sample), 2>(RestOf<Sample>(2), bytes, x, width, out);
}

template <typename Sample>
void SplitRgba(const std::uint8_t* bytes, std::uint32_t width,
               const RowPointers& out) {
  const DSample<Sample> d;
  const auto* row = reinterpret_cast<const Sample*>(bytes);
  const auto lanes = static_cast<std::uint32_t>(hn::Lanes(d));
  std::uint32_t x = 0;
  for (; width - x >= lanes; x += lanes) {
    hn::Vec<decltype(d)> r, g, b, a;
    hn::LoadInterleaved4(d, row + std::size_t{4} * x, r, g, b, a);
    const auto alpha = Promoted<Sample>(a);
    StoreBiased(Multiplied<Sample>(r, alpha), out[0], x);
    StoreBiased(Multiplied<Sample>(g, alpha), out[1], x);
    StoreBiased(Multiplied<Sample>(b, alpha), out[2], x);
    StoreAlpha<Sample>(alpha, out[3], x);
  }
  SplitRest<4, sizeof(Sample), 2>(RestOf<Sample>(4), bytes, x, width, out);
}

RowKernels MakeTable() {
  RowKernels table = ReferenceRowKernels();
  table.name = hwy::TargetName(HWY_TARGET);
  auto& sub = table.unfilter[static_cast<std::size_t>(PngFilter::kSub)];
  auto& up = table.unfilter[static_cast<std::size_t>(PngFilter::kUp)];
  auto& average = table.unfilter[static_cast<std::size_t>(PngFilter::kAverage)];
  auto& paeth = table.unfilter[static_cast<std::size_t>(PngFilter::kPaeth)];
  // The definition is as fast for pixels of one and two bytes.
  sub[3] = UndoSub<3>, sub[4] = UndoSub<4>;
  sub[6] = UndoSub<6>, sub[8] = UndoSub<8>;
  average[3] = UndoAverage<3>, average[4] = UndoAverage<4>;
  average[6] = UndoAverage<6>, average[8] = UndoAverage<8>;
  paeth[3] = UndoPaeth<3>, paeth[4] = UndoPaeth<4>;
  paeth[6] = UndoPaeth<6>, paeth[8] = UndoPaeth<8>;
  for (const std::size_t pixel : {1, 2, 3, 4, 6, 8}) up[pixel] = UndoUp;
  table.split8 = {nullptr, CopyGrey8, SplitGreyAlpha<std::uint8_t>, SplitRgb8,
                  SplitRgba<std::uint8_t>};
  table.split16 = {nullptr, SplitGrey16, SplitGreyAlpha<std::uint16_t>,
                   SplitRgb16, SplitRgba<std::uint16_t>};
  return table;
}

const RowKernels* RowTable() {
  static const RowKernels table = MakeTable();
  return &table;
}

#endif  // HWY_TARGET

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace thumbmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace thumbmill {

HWY_EXPORT(RowTable);

const RowKernels& SimdRowKernels() {
  static const RowKernels& best = *HWY_DYNAMIC_DISPATCH(RowTable)();
  return best;
}

std::vector<const RowKernels*> AllSimdRowKernels() {
  return OfEveryTarget<RowKernels>(
      [] { return HWY_DYNAMIC_DISPATCH(RowTable)(); });
}

}  // namespace thumbmill
#endif  // HWY_ONCE
