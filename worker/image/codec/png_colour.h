// worker/image/codec/png_colour.h: reads the colour space that a PNG's chunks
// name.
//
// Order    of the third edition (4.3): cICP, iCCP, sRGB, then gAMA with or
//          without cHRM. The first of each kind counts. Only chunks before the
//          data are read, as the standard wants.
// Errors   a chunk of a wrong length or value counts as absent, with a minor
//          warning: no sample is wrong because of it.
// Source   W3C PNG, third edition, 11.3.2; cases that it leaves open are as
//          Chromium 156 shows them.
#pragma once

#include "worker/image/codec/png_head.h"
#include "worker/image/colour/rgb_space.h"
#include "worker/image/picture/image_result.h"

namespace thumbmill {

struct PngColour {
  RgbSpace space;           // sRGB if the chunks name no other space
  bool before_icc = false;  // from cICP, which counts before a profile
};

[[nodiscard]] PngColour ReadPngColour(const PngHead& head,
                                      DecodeWarnings* warnings);

}  // namespace thumbmill
