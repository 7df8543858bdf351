// Links: tm_image tm_pictures
// Dictionary: image.dict
// Mutator: image_mutator.cc
//
// Compares our own JPEG reader with libjpeg-turbo. If our reader finishes
// without handing over, libjpeg-turbo must read the file without reporting
// damage, and each sample must agree within kBound.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/tools/jpeg_planes.h"

namespace {

using namespace thumbmill;

constexpr int kBound = 1;

void Check(ByteSpan bytes, const DecodeHint& hint, unsigned eighths) {
  DecodeWarnings warnings;
  DecoderOptions options;
  options.limits.max_pixels = 1 << 18;
  options.limits.max_scans = 20;
  auto decoder = OpenJpeg(bytes, options, &warnings);
  if (!decoder) return;
  auto ours = testing::ReadPlanes(decoder->get(), hint);
  if (!ours || (*decoder)->reader() != std::string_view("own")) return;
  auto theirs = testing::ReadPlanesByLibjpeg(bytes, eighths);
  // Our reader skips the scans of a progressive JPEG that the thumbnail does
  // not need, so it does not see damage in them.
  if (!theirs && (*decoder)->picture().header.progressive) return;
  if (!theirs) {
    std::fprintf(stderr, "the library does not read it\n");
    std::abort();
  }
  // libjpeg-turbo scales halved chroma less than luma. Its planes are then
  // twice as large as ours, so compare luma only.
  if (eighths != 8) {
    ours->resize(1);
    theirs->resize(1);
  }
  const int difference = testing::LargestDifference(*ours, *theirs);
  if (difference <= kBound) return;
  std::fprintf(stderr, "%d levels apart\n", difference);
  std::abort();
}

// Reads at a quarter of the size. The two decoders differ there by design, so
// the only check is that ours ends.
void ReadQuarter(ByteSpan bytes) {
  DecodeWarnings warnings;
  DecoderOptions options;
  options.limits.max_pixels = 1 << 18;
  options.limits.max_scans = 20;
  auto decoder = OpenJpeg(bytes, options, &warnings);
  if (!decoder) return;
  const auto& header = (*decoder)->picture().header;
  static_cast<void>(testing::ReadPlanes(
      decoder->get(),
      {.width = header.width / 8, .height = header.height / 8}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const ByteSpan bytes(data, size);
  Check(bytes, {.width = 60000, .height = 60000}, 8);
  // A hint of 1x1 decodes a tiny picture at more than an eighth; 0x0 asks
  // for the smallest scale.
  Check(bytes, {.width = 0, .height = 0}, 1);
  ReadQuarter(bytes);
  return 0;
}
