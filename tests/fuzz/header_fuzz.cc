// Links: tm_image
// Dictionary: image.dict
// Mutator: image_mutator.cc
//
// Runs our own parsers of image bytes: format detection, JPEG segments and
// scans, PNG, WebP, GIF, AVIF, EXIF, and the reader of ICC profiles.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "worker/image/codec/avif_rewrite.h"
#include "worker/image/colour/colour.h"
#include "worker/image/header/avif_meta.h"
#include "worker/image/header/exif.h"
#include "worker/image/header/jpeg_layout.h"
#include "worker/image/header/metadata.h"
#include "worker/image/header/png_layout.h"
#include "worker/image/header/webp_layout.h"
#include "worker/thumbnailer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace thumbmill;
  const ByteSpan bytes(data, size);
  const JpegLayout jpeg = WalkJpeg(bytes);
  const PngLayout png = WalkPng(bytes);
  for (const JpegScan& scan :
       WalkJpegScans(bytes, jpeg.first_scan, 0, 100).scans)
    if (scan.data > size) std::abort();
  static_cast<void>(IsSrgbProfile(bytes));
  const WebpLayout webp = WalkWebp(bytes);
  for (const ByteSpan exif : {bytes, jpeg.exif, png.exif, webp.exif}) {
    const int orientation = ExifOrientation(exif);
    if (orientation < 1 || orientation > 8) std::abort();
    for (const bool few : {false, true}) {
      ExifChange change;
      change.orientation = orientation;
      change.now_srgb = change.copyright_only = few;
      const auto made = RewrittenExif(exif, change);
      if (made.size() > kMaxExifBytes) std::abort();
      if (RewrittenExif(made, change) != made) std::abort();
    }
  }
  if (png.data_end > size) std::abort();
  const auto head = RewriteAvifHead(bytes);
  if (head && !head->empty()) {
    const auto meta = AvifMeta::Read(*head);
    if (!meta || meta->primary() != 1) std::abort();
  }
  Recipe recipe;
  recipe.sizes.resize(2);
  recipe.sizes[0].width = 200;
  recipe.sizes[1].width = recipe.sizes[1].height = 100;
  recipe.sizes[1].fit = Fit::kCover;
  if (const auto header = PeekHeader(bytes))
    static_cast<void>(EstimateCost(*header, recipe, 3));
  return 0;
}
