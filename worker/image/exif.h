// worker/image/exif.h: the one thing that we want of EXIF.
//
// Errors   there are none: what cannot be read is orientation 1. Follows no
//          pointer but the one to the first directory, so nothing can loop.
#pragma once

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

}  // namespace thumbmill
