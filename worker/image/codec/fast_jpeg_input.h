// worker/image/codec/fast_jpeg_input.h: describes a JPEG to our own reader,
// from the header that libjpeg-turbo has read.
#pragma once

#include <optional>

#include "common/bytes.h"
#include "worker/image/codec/decoder.h"
#include "worker/image/codec/fast_jpeg.h"
#include "worker/image/header/jpeg_layout.h"

struct jpeg_decompress_struct;

namespace thumbmill {

// Returns empty if the JPEG is not plain (fast_jpeg.h). `bytes` is the file.
// `data` is its part after the header of the first scan, up to which the
// library has read. `scans` are the scans of a progressive picture.
[[nodiscard]] std::optional<FastJpegInput> DescribeFastJpeg(
    const jpeg_decompress_struct& jpeg, ByteSpan bytes, ByteSpan data,
    const JpegScans& scans, const DecodeHint& hint);

}  // namespace thumbmill
