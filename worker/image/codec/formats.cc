#include "worker/image/codec/formats.h"

#include <array>

#include "common/check.h"
#include "worker/image/codec/decoders.h"
#include "worker/image/header/avif_layout.h"
#include "worker/image/header/bmp_layout.h"
#include "worker/image/header/gif_layout.h"
#include "worker/image/header/jpeg_layout.h"
#include "worker/image/header/png_layout.h"
#include "worker/image/header/webp_layout.h"

namespace thumbmill {
namespace {

using U64 = std::uint64_t;

constexpr U64 kFileHeaders = 1024;

// The thumbnails of our corpus stay below this, although small thumbnails have
// much detail per pixel.
U64 LossyBytes(U64 pixels, int quality) {
  return kFileHeaders + (quality < 90 ? pixels * 3 / 2 : pixels * 3);
}

constexpr FormatWriter kJpegWriter = {
    .longest_side = kMaxJpegSide,
    .holds_grey = true,
    .halves_chroma =
        [](const Recipe& recipe) {
          return recipe.jpeg_quality < kFullChromaQuality;
        },
    .memory = [](U64 pixels) { return 6 * pixels; },
    .file_bytes =
        [](const Placement& place, const Recipe& recipe) {
          return LossyBytes(place.pixels(), recipe.jpeg_quality);
        },
    .encode =
        [](RowProducer& rows, const Recipe& recipe, const Metadata& metadata,
           MutableByteSpan out) {
          return EncodeJpeg(rows, recipe.jpeg_quality, metadata, out);
        },
    .encode_planes =
        [](const PlaneSet& planes, const Recipe& recipe,
           const Metadata& metadata, MutableByteSpan out) {
          return EncodeJpegPlanes(planes, recipe.jpeg_quality, metadata, out);
        }};

constexpr FormatWriter kPngWriter = {
    .longest_side = kMaxPngSide,
    .holds_alpha = true,
    .holds_grey = true,
    .memory = [](U64) { return U64{400 << 10}; },  // deflate's state
    .file_bytes =
        [](const Placement& place, const Recipe&) {
          return place.pixels() * 4 + place.canvas_height * 2 + kFileHeaders;
        },
    .encode =
        [](RowProducer& rows, const Recipe&, const Metadata& metadata,
           MutableByteSpan out) { return EncodePng(rows, metadata, out); }};

constexpr FormatWriter kWebpWriter = {
    .longest_side = kMaxWebpSide,
    .holds_alpha = true,
    .limited_range = true,
    .halves_chroma = [](const Recipe&) { return true; },
    // RGBA, the same as planes, tokens and the output. The lossless encoder
    // compresses alpha.
    .memory = [](U64 pixels) { return 40 * pixels + (2 << 20); },
    .file_bytes =
        [](const Placement& place, const Recipe& recipe) {
          const U64 alpha = place.pixels();  // lossless
          return LossyBytes(place.pixels(), recipe.webp_quality) + alpha;
        },
    .encode =
        [](RowProducer& rows, const Recipe& recipe, const Metadata& metadata,
           MutableByteSpan out) {
          return EncodeWebp(rows, recipe.webp_quality, metadata, out);
        },
    .encode_planes =
        [](const PlaneSet& planes, const Recipe& recipe,
           const Metadata& metadata, MutableByteSpan out) {
          return EncodeWebpPlanes(planes, recipe.webp_quality, metadata, out);
        }};

// clang-format off
constexpr FormatCodec kCodecs[] = {
  {ImageFormat::kJpeg, SniffJpeg, PeekJpeg, OpenJpeg, JpegMemory, false, &kJpegWriter},
  {ImageFormat::kPng, SniffPng, PeekPng, OpenPng, PngMemory, false, &kPngWriter},
  {ImageFormat::kWebp, SniffWebp, PeekWebp, OpenWebp, WebpMemory, false, &kWebpWriter},
  {ImageFormat::kGif, SniffGif, PeekGif, OpenGif, GifMemory, false, nullptr},
  {ImageFormat::kAvif, SniffAvif, PeekAvif, OpenAvif, AvifMemory, true, nullptr},
  {ImageFormat::kBmp, SniffBmp, PeekBmp, OpenBmp, BmpMemory, false, nullptr},
};
// clang-format on

// CodecOf() counts on it.
consteval bool EachHasItsRow() {
  std::size_t next = 1;  // after kUnknown
  for (const FormatCodec& codec : kCodecs)
    if (IndexOf(codec.format) != next++) return false;
  return next == kImageFormats;
}
static_assert(EachHasItsRow());

}  // namespace

std::span<const FormatCodec> FormatCodecs() { return kCodecs; }

const FormatCodec& CodecOf(ImageFormat format) {
  CHECK(format != ImageFormat::kUnknown && IndexOf(format) < kImageFormats);
  return kCodecs[IndexOf(format) - 1];
}

const FormatWriter& WriterOf(ImageFormat format) {
  const FormatWriter* writer = CodecOf(format).writer;
  CHECK(writer != nullptr);
  return *writer;
}

}  // namespace thumbmill
