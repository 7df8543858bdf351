// worker/image/codec/encoder.h: thumbnails to bytes, into a span that the
// caller owns.
//
// Errors   a span that is too small is none: the answer then says how many
//          bytes it would have been, to the byte, and the span holds nothing of
//          use. A Refusal is a picture that the format cannot hold.
// Metadata is written as it is given: whoever calls sees to it that a profile
//          fits the channels, and that EXIF names the right orientation.
// Memory   JPEG keeps the coefficients of the thumbnail (two passes: the
//          Huffman tables fit the picture), WebP the picture and its tokens,
//          PNG what deflate needs.
#pragma once

#include <cstdint>

#include "common/bytes.h"
#include "worker/image/colour/compose.h"
#include "worker/image/header/metadata.h"
#include "worker/image/picture/picture.h"
#include "worker/image/picture/refusal.h"

namespace thumbmill {

constexpr std::uint32_t kMaxJpegSide = 65500;
constexpr std::uint32_t kMaxPngSide = 1000000;  // libpng's own limit
constexpr std::uint32_t kMaxWebpSide = 16383;

// 4:2:0 below, 4:4:4 from here on.
constexpr int kFullChromaQuality = 90;

[[nodiscard]] Verdict<std::uint64_t> EncodeJpeg(RowProducer& rows, int quality,
                                                const Metadata& metadata,
                                                MutableByteSpan out);

// One plane (grey) or three (Y, Cb, Cr); chroma has half the luma's width and
// height, rounded up, or the same. No conversion, no filter: see picture.h.
[[nodiscard]] Verdict<std::uint64_t> EncodeJpegPlanes(const PlaneSet& planes,
                                                      int quality,
                                                      const Metadata& metadata,
                                                      MutableByteSpan out);

[[nodiscard]] Verdict<std::uint64_t> EncodeWebp(RowProducer& rows, int quality,
                                                const Metadata& metadata,
                                                MutableByteSpan out);

// Three planes, Y, Cb and Cr, BT.601 in video's range; chroma has half the
// luma's width and height, rounded up.
[[nodiscard]] Verdict<std::uint64_t> EncodeWebpPlanes(const PlaneSet& planes,
                                                      int quality,
                                                      const Metadata& metadata,
                                                      MutableByteSpan out);

[[nodiscard]] Verdict<std::uint64_t> EncodePng(RowProducer& rows,
                                               const Metadata& metadata,
                                               MutableByteSpan out);

}  // namespace thumbmill
