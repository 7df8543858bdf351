// worker/image/header/exif.h: reads the orientation from EXIF, and rewrites
// EXIF for a thumbnail.
//
// Errors   none: an entry that cannot be read counts as absent. Pointers are
//          followed only to the few known directories and never upward, so
//          nothing can loop. Every read is bounds-checked. Fuzzed.
// Sources  TIFF 6.0, section 2; Exif 2.32, 4.6.
#pragma once

#include <cstdint>
#include <vector>

#include "common/bytes.h"

namespace thumbmill {

// Returns the orientation (1-8) that a TIFF structure holds, or 1 if it holds
// none; see OrientationFromExif(). JPEG stores the structure in an APP1 segment
// after "Exif\0\0", PNG in its eXIf chunk.
[[nodiscard]] int ExifOrientation(ByteSpan tiff);

// How the stored raster becomes the upright one: transpose it (swap x and y),
// then mirror it.
struct Orientation {
  bool transpose = false;
  bool mirror_x = false;  // in the upright picture
  bool mirror_y = false;
};

// Returns the steps for an EXIF orientation. Values other than 2-8 need none.
[[nodiscard]] Orientation OrientationFromExif(int value);

// The changes that a rewritten EXIF block needs.
struct ExifChange {
  int orientation = 1;    // replaces the value if the block has one
  bool now_srgb = false;  // the thumbnail's colours were converted to sRGB
  bool copyright_only = false;  // keep only artist and copyright
};

// Returns a new TIFF structure in the same byte order, at most kMaxExifBytes
// long; entries beyond that are left out. Leaves out entries that would be
// wrong for a thumbnail or cannot be moved: the embedded thumbnail, the
// original's size and layout, the maker's note, IPTC and XMP, and bytes that no
// entry names. Returns empty if no entry is left.
[[nodiscard]] std::vector<std::uint8_t> RewrittenExif(ByteSpan tiff,
                                                      const ExifChange& change);

}  // namespace thumbmill
