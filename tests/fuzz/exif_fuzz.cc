// Links: tm_image
// Dictionary: exif.dict
//
// Checks the EXIF that we rewrite: it stays within its size limit, has the
// wanted orientation or none, and does not change if we rewrite it once more.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/check.h"
#include "worker/image/header/exif.h"
#include "worker/image/header/metadata.h"

namespace thumbmill {
namespace {

void CheckRewriting(ByteSpan tiff, const ExifChange& change) {
  const std::vector<std::uint8_t> made = RewrittenExif(tiff, change);
  CHECK(made.size() <= kMaxExifBytes);
  if (made.empty()) return;
  const int orientation = ExifOrientation(made);
  CHECK(orientation == 1 || orientation == change.orientation);
  CHECK(RewrittenExif(made, change) == made);
}

}  // namespace
}  // namespace thumbmill

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace thumbmill;
  const ByteSpan tiff(data, size);
  const int orientation = ExifOrientation(tiff);
  CHECK(orientation >= 1 && orientation <= 8);
  CheckRewriting(tiff, {.orientation = 1, .now_srgb = true});
  CheckRewriting(tiff, {.orientation = orientation});
  CheckRewriting(tiff, {.copyright_only = true});
  return 0;
}
