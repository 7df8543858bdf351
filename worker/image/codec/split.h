// worker/image/codec/split.h: a row of interleaved samples, as libraries give
// it, to a row of each plane: see row_kernels.h.
#pragma once

#include "worker/image/resample/row_kernels.h"

namespace thumbmill {

// The fastest for this processor; all give the same.
[[nodiscard]] Splitter SplitterFor(int channels, bool deep);

// Splits a row of a picture whose planes are of one size.
void AppendRow(const std::uint8_t* row, const PictureShape& shape,
               Splitter split, const Rings& rings);

}  // namespace thumbmill
