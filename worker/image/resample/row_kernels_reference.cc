// The definition of the kernels for rows. The tests compare the others with it.
#include <cstdlib>
#include <cstring>

#include "worker/image/resample/row_kernels.h"

namespace thumbmill {
namespace {

// Each filter's guess of a sample from its neighbours: left, above, and above
// left (the corner).
struct Sub {
  static int Guess(int left, int, int) { return left; }
};
struct Up {
  static int Guess(int, int above, int) { return above; }
};
struct Average {
  static int Guess(int left, int above, int) { return (left + above) / 2; }
};
struct Paeth {
  static int Guess(int left, int above, int corner) {
    const int by_left = std::abs(above - corner);
    const int by_above = std::abs(left - corner);
    const int by_corner = std::abs(left + above - 2 * corner);
    if (by_left <= by_above && by_left <= by_corner) return left;
    return by_above <= by_corner ? above : corner;
  }
};

template <typename Filter, std::size_t kPixel>
void Undo(const std::uint8_t* in, const std::uint8_t* above, std::size_t bytes,
          std::uint8_t* out) {
  for (std::size_t i = 0; i < bytes; ++i) {
    const bool first = i < kPixel;
    const int left = first ? 0 : out[i - kPixel];
    const int corner = first ? 0 : above[i - kPixel];
    out[i] = static_cast<std::uint8_t>(in[i] +
                                       Filter::Guess(left, above[i], corner));
  }
}

void Copy(const std::uint8_t* in, const std::uint8_t*, std::size_t bytes,
          std::uint8_t* out) {
  std::memcpy(out, in, bytes);
}

template <typename Filter>
constexpr std::array<Unfilter, kMaxPngPixel + 1> kUndo = {
    nullptr, Undo<Filter, 1>, Undo<Filter, 2>, Undo<Filter, 3>, Undo<Filter, 4>,
    nullptr, Undo<Filter, 6>, nullptr,         Undo<Filter, 8>};

std::int16_t Bias(std::uint32_t sample) {
  return static_cast<std::int16_t>(static_cast<std::int32_t>(sample) - 32768);
}

// Returns a sample of either depth as 0-65535.
std::uint32_t Widen(std::uint8_t sample) { return sample * 257u; }
std::uint32_t Widen(std::uint16_t sample) { return sample; }

std::uint32_t Multiply(std::uint32_t colour, std::uint32_t alpha) {
  return (colour * alpha + 32767) / 65535;
}

template <int kChannels>
void Split8(const std::uint8_t* row, std::uint32_t width,
            const RowPointers& out) {
  for (std::size_t x = 0; x < width; ++x)
    for (std::size_t c = 0; c < kChannels; ++c)
      out[c][x] = row[x * kChannels + c];
}

template <int kChannels>
void SplitWide(const std::uint8_t* bytes, std::uint32_t width,
               const RowPointers& out) {
  const auto* row = reinterpret_cast<const std::uint16_t*>(bytes);
  for (std::size_t x = 0; x < width; ++x)
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
  for (std::size_t x = 0; x < width; ++x) {
    const std::uint32_t alpha = Widen(row[x * kChannels + kAlpha]);
    for (std::size_t c = 0; c < kAlpha; ++c)
      reinterpret_cast<std::int16_t*>(out[c])[x] =
          Bias(Multiply(Widen(row[x * kChannels + c]), alpha));
    reinterpret_cast<std::int16_t*>(out[kAlpha])[x] = Bias(alpha);
  }
}

constexpr std::array<Unfilter, kMaxPngPixel + 1> kCopy = {
    nullptr, Copy, Copy, Copy, Copy, nullptr, Copy, nullptr, Copy};

}  // namespace

const RowKernels& ReferenceRowKernels() {
  static const RowKernels kernels = {
      "reference",
      {kCopy, kUndo<Sub>, kUndo<Up>, kUndo<Average>, kUndo<Paeth>},
      {nullptr, Split8<1>, SplitAlpha<std::uint8_t, 2>, Split8<3>,
       SplitAlpha<std::uint8_t, 4>},
      {nullptr, SplitWide<1>, SplitAlpha<std::uint16_t, 2>, SplitWide<3>,
       SplitAlpha<std::uint16_t, 4>},
  };
  return kernels;
}

}  // namespace thumbmill
