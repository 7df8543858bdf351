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

// What can be read from the first bytes without decoding.
struct ImageHeader {
  ImageFormat format = ImageFormat::kUnknown;
  std::uint32_t width = 0;  // as stored
  std::uint32_t height = 0;
  std::uint8_t components = 0;  // channels as stored; palette counts as 1
  std::uint8_t bits = 8;        // per channel
  std::uint64_t samples = 0;    // of all channels as stored; 0: not known
  bool progressive = false;     // JPEG: coefficients of the image are kept
  bool interlaced = false;      // PNG Adam7: the whole raster is kept
  std::uint64_t icc_bytes = 0;  // of the profile, as it will be; a guess where
                                // it is compressed
  std::uint64_t exif_bytes = 0;
  std::uint32_t items = 0;  // AVIF: tiles and more, each is decoded alone
  bool lossless = false;    // WebP: kept whole, as pixels of 32 bits
  bool overlong = false;    // more parts than a header may have; the rest
                            // was not read, the thumbnailer refuses it
};

// From the first bytes: bounds-checked, no library, no more memory than a
// kilobyte or two, some milliseconds at most. Empty: not a format
// that we know. A format that is known but not walked has no size.
[[nodiscard]] std::optional<ImageHeader> PeekHeader(ByteSpan bytes);

// So many first bytes decide what something is.
inline constexpr std::size_t kSniffBytes = 4096;
// False: what begins like this is no image that we know. Needs the first
// kSniffBytes, or all bytes where there are less.
[[nodiscard]] bool MayBeImage(ByteSpan first);

}  // namespace thumbmill
