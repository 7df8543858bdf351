#include "worker/image/codec/split.h"

namespace thumbmill {
namespace {

std::int16_t Bias(std::uint32_t sample) {
  return static_cast<std::int16_t>(static_cast<std::int32_t>(sample) - 32768);
}

// 0-65535 from either depth.
std::uint32_t Widen(std::uint8_t sample) { return sample * 257u; }
std::uint32_t Widen(std::uint16_t sample) { return sample; }

std::uint32_t Multiply(std::uint32_t colour, std::uint32_t alpha) {
  return (colour * alpha + 32767) / 65535;
}

template <int kChannels>
void Split8(const std::uint8_t* row, std::uint32_t width,
            const RowPointers& out) {
  for (std::uint32_t x = 0; x < width; ++x)
    for (std::size_t c = 0; c < kChannels; ++c)
      out[c][x] = row[x * kChannels + c];
}

template <typename Sample, int kChannels>
void SplitWide(const std::uint8_t* bytes, std::uint32_t width,
               const RowPointers& out) {
  const auto* row = reinterpret_cast<const Sample*>(bytes);
  for (std::uint32_t x = 0; x < width; ++x)
    for (std::size_t c = 0; c < kChannels; ++c)
      reinterpret_cast<std::int16_t*>(out[c])[x] =
          Bias(Widen(row[x * kChannels + c]));
}

// The last channel is alpha; the others are multiplied by it.
template <typename Sample, int kChannels>
void SplitAlpha(const std::uint8_t* bytes, std::uint32_t width,
                const RowPointers& out) {
  const auto* row = reinterpret_cast<const Sample*>(bytes);
  constexpr std::size_t kAlpha = kChannels - 1;
  for (std::uint32_t x = 0; x < width; ++x) {
    const std::uint32_t alpha = Widen(row[x * kChannels + kAlpha]);
    for (std::size_t c = 0; c < kAlpha; ++c)
      reinterpret_cast<std::int16_t*>(out[c])[x] =
          Bias(Multiply(Widen(row[x * kChannels + c]), alpha));
    reinterpret_cast<std::int16_t*>(out[kAlpha])[x] = Bias(alpha);
  }
}

}  // namespace

Splitter SplitterFor(int channels, bool deep) {
  switch (channels) {
    case 1:
      return deep ? SplitWide<std::uint16_t, 1> : Split8<1>;
    case 2:
      return deep ? SplitAlpha<std::uint16_t, 2> : SplitAlpha<std::uint8_t, 2>;
    case 3:
      return deep ? SplitWide<std::uint16_t, 3> : Split8<3>;
    default:
      return deep ? SplitAlpha<std::uint16_t, 4> : SplitAlpha<std::uint8_t, 4>;
  }
}

void AppendRow(const std::uint8_t* row, const PictureShape& shape,
               Splitter split, const Rings& rings) {
  const auto count = static_cast<std::size_t>(shape.plane_count);
  RowPointers out{};
  for (std::size_t p = 0; p < count; ++p)
    out[p] = rings[p]->Row(rings[p]->end());
  split(row, shape.planes[0].width, out);
  for (std::size_t p = 0; p < count; ++p) rings[p]->Append(1);
}

}  // namespace thumbmill
