// worker/image/header/image_header.h: the facts that the first bytes of an
// image give without decoding it.
//
// Runs in  coordinator (admission) and worker (limits); both derive it alike.
// Errors   none: unknown bytes have no header. Never reads outside of `bytes`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "proto/recipe.h"

namespace thumbmill {

// Facts about an image, read from its first bytes without decoding.
struct ImageHeader {
  ImageFormat format = ImageFormat::kUnknown;
  std::uint32_t width = 0;  // of the stored picture
  std::uint32_t height = 0;
  std::uint8_t components = 0;  // channels as stored; palette counts as 1
  std::uint8_t bits = 8;        // per channel
  std::uint64_t samples = 0;    // of all stored channels; 0: not known
  bool progressive = false;     // JPEG of several scans: coefficients are kept
  bool interlaced = false;      // PNG, GIF: rows come in passes
  std::uint64_t icc_bytes = 0;  // size of the profile after inflating; an
                                // estimate if it is compressed
  std::uint64_t exif_bytes = 0;
  std::uint32_t items = 0;  // AVIF: tiles and other items, each decoded alone
  bool lossless = false;    // WebP: held as pixels of 32 bits
  bool overlong = false;    // the header has too many parts; the rest was not
                            // read, and the thumbnailer refuses the image
};

}  // namespace thumbmill
