// worker/image/codec/split.h: a row of interleaved samples, as libraries give
// it, to a row of each plane. Where there is alpha the planes have 16 bits, so
// that colours multiplied by a small alpha keep their steps.
#pragma once

#include <array>
#include <cstdint>

#include "worker/image/picture.h"

namespace thumbmill {

// Where the rows of a band go: one row of each plane.
using RowPointers = std::array<std::uint8_t*, kMaxPlanes>;

// `row` has samples of 8 bits, or of 16 in the machine's order. Two and four
// channels: the last is alpha, the others are multiplied by it.
using Splitter = void (*)(const std::uint8_t* row, std::uint32_t width,
                          const RowPointers& out);

[[nodiscard]] Splitter SplitterFor(int channels, bool deep);

// Splits a row of a picture whose planes are of one size.
void AppendRow(const std::uint8_t* row, const PictureShape& shape,
               Splitter split, const Rings& rings);

}  // namespace thumbmill
