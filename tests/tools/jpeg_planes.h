// tests/tools/jpeg_planes.h: the planes of a JPEG, by the decoders under test
// and by libjpeg-turbo itself.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/bytes.h"
#include "worker/image/codec/decoder.h"

namespace thumbmill::testing {

struct SamplePlane {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint8_t> samples;  // their bytes, if they are wide
};

// All rows and the end. Empty: refused. What reads is decoder->reader().
[[nodiscard]] std::optional<std::vector<SamplePlane>> ReadPlanes(
    Decoder* decoder, const DecodeHint& hint);

// By libjpeg-turbo's floating-point transform, which nothing makes overflow, at
// 1 or 8 eighths. Empty: it gave up, or complained of
// damaged data.
[[nodiscard]] std::optional<std::vector<SamplePlane>> ReadPlanesByLibjpeg(
    ByteSpan jpeg, unsigned eighths);

// The largest difference; 256 when the sizes differ.
[[nodiscard]] int LargestDifference(const std::vector<SamplePlane>& a,
                                    const std::vector<SamplePlane>& b);

}  // namespace thumbmill::testing
