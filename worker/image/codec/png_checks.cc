#include "worker/image/codec/png_checks.h"

#include <png.h>

#include <algorithm>
#include <string>

#include "worker/image/codec/decoders.h"
#include "worker/image/resample/resampler.h"

namespace thumbmill {
namespace {

// The most samples of an interlaced picture that is held as a raster.
constexpr std::uint64_t kHeldSamples = 32 << 20;
// Squares of up to 64 x 64 samples, the most that BlockSums can add up.
constexpr int kMaxHalvings = 6;

// Returns true for the PNG variant that Apple's tools write for their own
// devices: no zlib header, blue before red.
bool IsCgbi(ByteSpan bytes) {
  return bytes.size() >= 16 && AsText(bytes.subspan(12, 4)) == "CgBI";
}

}  // namespace

ImageResult<void> CheckPngHeader(ByteSpan bytes, std::uint64_t max_pixels) {
  if (IsCgbi(bytes))
    return Refuse(Reason::kUnsupported,
                  "a PNG in Apple's own form (CgBI) is not supported");
  const auto header = ReadPngHeader(bytes);
  if (!header)
    return bytes.size() < 33
               ? Refuse(Reason::kTruncated, "the file ends in its header")
               : Refuse(Reason::kCorrupt, "no legal PNG header");
  const std::uint64_t pixels = std::uint64_t{header->width} * header->height;
  if (pixels > max_pixels)
    return Refuse(Reason::kTooManyPixels, std::to_string(header->width) + "x" +
                                              std::to_string(header->height) +
                                              " pixels");
  return {};
}

std::uint64_t RowsOf(const PngHeader& header) {
  if (!header.interlaced) return header.height;
  std::uint64_t rows = 0;
  for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; ++pass)
    if (PNG_PASS_COLS(header.width, pass) > 0)
      rows += PNG_PASS_ROWS(header.height, pass);
  return rows;
}

unsigned PngDivisor(const ImageHeader& header, const DecodeHint& hint) {
  // One stored channel may be a palette's index, which becomes RGB and alpha.
  const std::uint64_t channels = header.components == 2 ? 2 : 4;
  const std::uint64_t samples =
      std::uint64_t{header.width} * header.height * channels;
  if (!header.interlaced || hint.exact || samples <= kHeldSamples) return 1;
  const double step_x = static_cast<double>(header.width) / hint.width;
  const double step_y = static_cast<double>(header.height) / hint.height;
  const int halvings = PyramidLevel(FilterKind::kLanczos3, step_x, step_y);
  // A sum takes four bytes for each sample: after one halving, the sums would
  // take as much memory as the raster.
  return halvings < 2 ? 1 : 1u << std::min(halvings, kMaxHalvings);
}

}  // namespace thumbmill
