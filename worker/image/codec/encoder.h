// worker/image/codec/encoder.h: encodes thumbnails into a span that the caller
// owns.
//
// Returns  the exact size of the file in bytes. If it is larger than the span,
//          the span holds nothing useful; the caller can retry with a larger
//          one.
// Errors   an ImageError if the format cannot hold the picture or the library
//          fails. A span that is too small is not an error.
// Metadata is written unchanged. The caller makes sure that the profile fits
//          the channels and that EXIF names the right orientation.
// Memory   JPEG keeps the coefficients of the thumbnail, because it takes two
//          passes to fit the Huffman tables to the picture. WebP keeps the
//          picture and its tokens, PNG the state of deflate.
#pragma once

#include <cstdint>

#include "common/bytes.h"
#include "worker/image/colour/compose.h"
#include "worker/image/header/metadata.h"
#include "worker/image/picture/image_result.h"
#include "worker/image/picture/picture.h"

namespace thumbmill {

constexpr std::uint32_t kMaxJpegSide = 65500;
constexpr std::uint32_t kMaxPngSide = 1000000;  // libpng's own limit
constexpr std::uint32_t kMaxWebpSide = 16383;

// JPEGs of lower quality have halved chroma (4:2:0), the others full chroma
// (4:4:4).
constexpr int kFullChromaQuality = 90;

[[nodiscard]] ImageResult<std::uint64_t> EncodeJpeg(RowProducer& rows,
                                                    int quality,
                                                    const Metadata& metadata,
                                                    MutableByteSpan out);

// Encodes one plane (grey) or three (Y, Cb, Cr) without converting colours or
// resizing chroma (picture.h). Chroma is as large as luma, or has half its
// width and height, rounded up.
[[nodiscard]] ImageResult<std::uint64_t> EncodeJpegPlanes(
    const PlaneSet& planes, int quality, const Metadata& metadata,
    MutableByteSpan out);

[[nodiscard]] ImageResult<std::uint64_t> EncodeWebp(RowProducer& rows,
                                                    int quality,
                                                    const Metadata& metadata,
                                                    MutableByteSpan out);

// Encodes three planes: Y, Cb and Cr by BT.601, in the limited range of video.
// Chroma has half the width and height of luma, rounded up.
[[nodiscard]] ImageResult<std::uint64_t> EncodeWebpPlanes(
    const PlaneSet& planes, int quality, const Metadata& metadata,
    MutableByteSpan out);

[[nodiscard]] ImageResult<std::uint64_t> EncodePng(RowProducer& rows,
                                                   const Metadata& metadata,
                                                   MutableByteSpan out);

}  // namespace thumbmill
