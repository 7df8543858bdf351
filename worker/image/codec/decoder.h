// worker/image/codec/decoder.h: opens an encoded picture as a source of rows.
//
// Runs in  the calling thread; decoders start no threads and keep no global
//          state. No longjmp leaves a decoder.
// Errors   a Refusal says what the report will say. Complaints that are let
//          through are collected in the Complaints given.
#pragma once

#include <cstdint>
#include <memory>

#include "common/bytes.h"
#include "worker/image/colour/rgb_space.h"
#include "worker/image/header/image_header.h"
#include "worker/image/picture/picture.h"
#include "worker/image/picture/refusal.h"

namespace thumbmill {

// What is known of a picture before it is decoded.
struct OpenedPicture {
  ImageHeader header;
  ColourModel model = ColourModel::kRgb;  // as PictureShape will say
  YccCode ycc;
  bool alpha = false;
  bool wide = false;
  int exif_orientation = 1;
  bool turned_by_container = false;  // not by EXIF: holds in any case
  ByteSpan exif;  // a TIFF structure, lives as long as the decoder; may be none
  std::vector<std::uint8_t> icc;  // empty: none
  RgbSpace space;  // of the colours, where no profile can be used
};

// The largest that the stored picture will be made, so that a decoder that can
// give it smaller for less may.
struct DecodeHint {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool exact = false;          // no decoder's own reduction, see WantsExact()
  bool halved_chroma = false;  // chroma is wanted at half the size
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  [[nodiscard]] virtual const OpenedPicture& picture() const = 0;
  // Allocates. The rows live no longer than the decoder.
  [[nodiscard]] virtual Verdict<RowSource*> Start(const DecodeHint& hint) = 0;
  // After the rows failed: true if they came by a shortcut, whose verdict
  // counts for nothing. Start() then takes the long way, from the first row.
  [[nodiscard]] virtual bool HandsOver() { return false; }
  // Who reads the rows, once started: for people who measure.
  [[nodiscard]] virtual const char* reader() const { return "library"; }
};

struct DecoderOptions {
  FailOn fail_on = FailOn::kError;
  ImageLimits limits;
};

// Profiles and text beyond this are taken for absent.
constexpr std::size_t kMaxProfileBytes = 4 << 20;

// Read the header only. `bytes` and `complaints` outlive the decoder.
[[nodiscard]] Verdict<std::unique_ptr<Decoder>> OpenJpeg(
    ByteSpan bytes, const DecoderOptions& options, Complaints* complaints);
[[nodiscard]] Verdict<std::unique_ptr<Decoder>> OpenPng(
    ByteSpan bytes, const DecoderOptions& options, Complaints* complaints);
[[nodiscard]] Verdict<std::unique_ptr<Decoder>> OpenWebp(
    ByteSpan bytes, const DecoderOptions& options, Complaints* complaints);

[[nodiscard]] Verdict<std::unique_ptr<Decoder>> OpenGif(
    ByteSpan bytes, const DecoderOptions& options, Complaints* complaints);

[[nodiscard]] Verdict<std::unique_ptr<Decoder>> OpenAvif(
    ByteSpan bytes, const DecoderOptions& options, Complaints* complaints);

// The eighths (1, 2, 4 or 8) in which a JPEG of this size is decoded: the
// least that leaves kGap for the filter. Others have no SIMD in libjpeg-turbo.
[[nodiscard]] unsigned JpegEighths(std::uint32_t width, std::uint32_t height,
                                   const DecodeHint& hint);

// By how much libwebp itself makes both sides smaller; 1: not at all.
[[nodiscard]] unsigned WebpDivisor(const ImageHeader& header,
                                   const DecodeHint& hint);

// By how much an interlaced PNG is made smaller while it is read, so that it
// need not be held; 1: not at all.
[[nodiscard]] unsigned PngDivisor(const ImageHeader& header,
                                  const DecodeHint& hint);

}  // namespace thumbmill
