// worker/image/codec/png_colour.h: the colour space that a PNG's chunks name.
//
// Order    of the third edition (4.3): cICP, iCCP, sRGB, then gAMA with or
//          without cHRM. The first of each kind counts. All stand before the
//          data; what stands behind it is not looked at.
// Errors   a chunk of a wrong length or value is as if it were not there, and
// is
//          complained of: no sample is wrong for it.
// Source   W3C PNG, third edition, 11.3.2; cases that it leaves open are as
//          Chromium 156 shows them.
#pragma once

#include "worker/image/codec/png_head.h"
#include "worker/image/colour/rgb_space.h"
#include "worker/image/picture/refusal.h"

namespace thumbmill {

struct PngColour {
  RgbSpace space;           // sRGB if nothing else is said
  bool before_icc = false;  // it comes from cICP: a profile does not count
};

[[nodiscard]] PngColour ReadPngColour(const PngHead& head,
                                      Complaints* complaints);

}  // namespace thumbmill
