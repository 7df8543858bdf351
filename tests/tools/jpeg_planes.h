// tests/tools/jpeg_planes.h: the planes of a JPEG, read by the decoders under
// test and by libjpeg-turbo itself.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/bytes.h"
#include "worker/image/codec/decoders.h"

namespace thumbmill::testing {

struct SamplePlane {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint8_t> samples;  // two bytes each for 16-bit samples
};

// Reads all rows to the end. Returns empty if the decoder refuses.
// decoder->reader() tells which reader gave the rows.
[[nodiscard]] std::optional<std::vector<SamplePlane>> ReadPlanes(
    Decoder* decoder, const DecodeHint& hint);

// Reads with libjpeg-turbo's floating-point transform, which cannot overflow,
// at 1 or 8 eighths. Returns empty if libjpeg-turbo gave up or reported damaged
// data.
[[nodiscard]] std::optional<std::vector<SamplePlane>> ReadPlanesByLibjpeg(
    ByteSpan jpeg, unsigned eighths);

// Returns the largest difference, or 256 if the sizes differ.
[[nodiscard]] int LargestDifference(const std::vector<SamplePlane>& a,
                                    const std::vector<SamplePlane>& b);

}  // namespace thumbmill::testing
