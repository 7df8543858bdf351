// Links: tm_image tm_pictures
// Dictionary: image.dict
// Mutator: image_mutator.cc
//
// The reader of our own against libjpeg-turbo: whatever it reads to the end
// without handing over is what the library reads without complaint, sample by
// sample within kBound; damage only where it does not look.
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
  Complaints complaints;
  DecoderOptions options;
  options.limits.max_pixels = 1 << 18;
  options.limits.max_scans = 20;
  auto decoder = OpenJpeg(bytes, options, &complaints);
  if (!decoder) return;
  auto ours = testing::ReadPlanes(decoder->get(), hint);
  if (!ours || (*decoder)->reader() != std::string_view("own")) return;
  auto theirs = testing::ReadPlanesByLibjpeg(bytes, eighths);
  // Of a progressive picture we do not read what is not needed.
  if (!theirs && (*decoder)->picture().header.progressive) return;
  if (!theirs) {
    std::fprintf(stderr, "the library does not read it\n");
    std::abort();
  }
  if (eighths != 8) {  // the library gives halved chroma in twice the size
    ours->resize(1);
    theirs->resize(1);
  }
  const int difference = testing::LargestDifference(*ours, *theirs);
  if (difference <= kBound) return;
  std::fprintf(stderr, "%d levels apart\n", difference);
  std::abort();
}

// At a quarter the two differ by design: it only has to end.
void ReadQuarter(ByteSpan bytes) {
  Complaints complaints;
  DecoderOptions options;
  options.limits.max_pixels = 1 << 18;
  options.limits.max_scans = 20;
  auto decoder = OpenJpeg(bytes, options, &complaints);
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
  // A thumbnail of 1x1 would have more than an eighth of a tiny picture.
  Check(bytes, {.width = 0, .height = 0}, 1);
  ReadQuarter(bytes);
  return 0;
}
