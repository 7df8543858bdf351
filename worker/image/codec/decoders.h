// worker/image/codec/decoders.h: the decoder of each format, and the memory
// that it will need. The table of formats.h calls them.
#pragma once

#include <memory>

#include "common/bytes.h"
#include "worker/image/codec/decoder.h"

namespace thumbmill {

// Each reads only the header. `bytes` and `warnings` must outlive the decoder.
using OpenedDecoder = ImageResult<std::unique_ptr<Decoder>>;
[[nodiscard]] OpenedDecoder OpenJpeg(ByteSpan bytes,
                                     const DecoderOptions& options,
                                     DecodeWarnings* warnings);
[[nodiscard]] OpenedDecoder OpenPng(ByteSpan bytes,
                                    const DecoderOptions& options,
                                    DecodeWarnings* warnings);
[[nodiscard]] OpenedDecoder OpenWebp(ByteSpan bytes,
                                     const DecoderOptions& options,
                                     DecodeWarnings* warnings);
[[nodiscard]] OpenedDecoder OpenGif(ByteSpan bytes,
                                    const DecoderOptions& options,
                                    DecodeWarnings* warnings);
[[nodiscard]] OpenedDecoder OpenAvif(ByteSpan bytes,
                                     const DecoderOptions& options,
                                     DecodeWarnings* warnings);

[[nodiscard]] OpenedDecoder OpenBmp(ByteSpan bytes,
                                    const DecoderOptions& options,
                                    DecodeWarnings* warnings);

[[nodiscard]] DecodeMemory JpegMemory(const ImageHeader& header,
                                      const DecodeHint& hint);
[[nodiscard]] DecodeMemory PngMemory(const ImageHeader& header,
                                     const DecodeHint& hint);
[[nodiscard]] DecodeMemory WebpMemory(const ImageHeader& header,
                                      const DecodeHint& hint);
[[nodiscard]] DecodeMemory GifMemory(const ImageHeader& header,
                                     const DecodeHint& hint);
[[nodiscard]] DecodeMemory AvifMemory(const ImageHeader& header,
                                      const DecodeHint& hint);
[[nodiscard]] DecodeMemory BmpMemory(const ImageHeader& header,
                                     const DecodeHint& hint);

// Returns the eighths (1, 2, 4 or 8) at which libjpeg-turbo decodes a JPEG of
// this size: the smallest that leaves kGap source samples for the filter. Other
// values have no SIMD code in libjpeg-turbo.
[[nodiscard]] unsigned JpegEighths(std::uint32_t width, std::uint32_t height,
                                   const DecodeHint& hint);

// Returns the number by which libwebp divides both sides; 1 if it does not
// reduce the picture.
[[nodiscard]] unsigned WebpDivisor(const ImageHeader& header,
                                   const DecodeHint& hint);

// Returns the number by which both sides of an interlaced PNG are divided
// while it is read, to avoid holding the whole picture; 1 if it is not reduced.
[[nodiscard]] unsigned PngDivisor(const ImageHeader& header,
                                  const DecodeHint& hint);

}  // namespace thumbmill
