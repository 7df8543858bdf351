// worker/image/codec/split.h: a row of interleaved samples, as libraries give
// it, to a row of each plane: see row_kernels.h.
#pragma once

#include "worker/image/resample/row_kernels.h"

namespace thumbmill {

// A sample of 0-65535 as the kernels have it, see picture.h.
inline void StoreWide(std::uint32_t sample, std::uint32_t x,
                      std::uint8_t* row) {
  reinterpret_cast<std::int16_t*>(row)[x] =
      static_cast<std::int16_t>(static_cast<std::int32_t>(sample) - 32768);
}

// Colour times alpha, all 0-65535.
inline std::uint32_t MultiplyWide(std::uint32_t colour, std::uint32_t alpha) {
  return (colour * alpha + 32767) / 65535;
}

// The fastest for this processor; all give the same.
[[nodiscard]] Splitter SplitterFor(int channels, bool deep);

// Splits a row of a picture whose planes are of one size.
void AppendRow(const std::uint8_t* row, const PictureShape& shape,
               Splitter split, const Rings& rings);

}  // namespace thumbmill
