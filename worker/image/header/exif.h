// worker/image/header/exif.h: what we want of EXIF: how the picture lies, and
// what of it a thumbnail may keep.
//
// Errors   there are none: what cannot be read is absent. Follows pointers to
//          the few directories that it knows and never up again, so nothing
//          can loop; every read is bounds-checked. Fuzzed.
// Sources  TIFF 6.0, section 2; Exif 2.32, 4.6.
#pragma once

#include <cstdint>
#include <vector>

#include "common/bytes.h"

namespace thumbmill {

// Of a TIFF structure, as an APP1 segment has it behind "Exif\0\0" and a PNG in
// its eXIf chunk. 1-8, see Orientation().
[[nodiscard]] int ExifOrientation(ByteSpan tiff);

// How the stored raster becomes the upright one: transposed first (swap x and
// y), then mirrored.
struct Orientation {
  bool transpose = false;
  bool mirror_x = false;  // of the upright picture
  bool mirror_y = false;
};

[[nodiscard]] Orientation OrientationFromExif(int value);

struct ExifChange {
  int orientation = 1;          // of the thumbnail; written where there is one
  bool now_srgb = false;        // its colours were converted
  bool copyright_only = false;  // of all entries, artist and copyright
};

// The structure made anew in its byte order, without what would be wrong of a
// thumbnail or could not move: the embedded thumbnail, the original's size and
// layout, the maker's note, IPTC and XMP, and bytes that no entry names. Empty:
// nothing is left. At most kMaxExifBytes; entries beyond that are left out.
[[nodiscard]] std::vector<std::uint8_t> RewrittenExif(ByteSpan tiff,
                                                      const ExifChange& change);

}  // namespace thumbmill
