// worker/image/codec/split.h: splits a row of interleaved samples, as libraries
// give it, into one row for each plane (row_kernels.h).
#pragma once

#include "worker/image/resample/row_kernels.h"

namespace thumbmill {

// Stores a sample of 0-65535 as the kernels expect it: minus 32768 (picture.h).
inline void StoreWide(std::uint32_t sample, std::uint32_t x,
                      std::uint8_t* row) {
  reinterpret_cast<std::int16_t*>(row)[x] =
      static_cast<std::int16_t>(static_cast<std::int32_t>(sample) - 32768);
}

// Multiplies a colour by alpha, rounded; all values are 0-65535.
inline std::uint32_t MultiplyWide(std::uint32_t colour, std::uint32_t alpha) {
  return (colour * alpha + 32767) / 65535;
}

// Returns the fastest splitter for this processor. All splitters give the same
// samples. `deep` rows have samples of 16 bits.
[[nodiscard]] Splitter SplitterFor(int channels, bool deep);

// Splits one row and appends it to the rings. All planes must have one size.
void AppendRow(const std::uint8_t* row, const PictureShape& shape,
               Splitter split, const Rings& rings);

}  // namespace thumbmill
