// worker/image/tone_map.h: pictures brighter than a screen (PQ, HLG) to codes
// that a screen of sRGB's brightness can show.
//
// The idea: the light of the strongest of a pixel's three channels, in BT.2020,
// decides; all three are multiplied by the same factor, so that the hue stays.
// Light up to the reference white (203 cd/m2) is halved: white becomes the code
// 188 of 255. From there a curve bends to full strength at 1,000 cd/m2. What is
// brighter is brought down to that. HLG is shown as on a display of 1,000 cd/m2
// (system gamma 1.2).
//
// This is the reference white tone mapping of SMPTE ST 2094-50; Chromium 156
// shows the same colours, to a level.
#pragma once

#include <memory>

#include "worker/image/colour.h"
#include "worker/image/rgb_space.h"

namespace thumbmill {

// Returns the light, 0 to 1, for a light of which 1 is the reference white.
[[nodiscard]] double ToneMapped(double light);

// What a tone map works with, made by others.
struct ToneMapParts {
  // From light of the picture's primaries, as floats, to that of BT.2020.
  // Null: they are the same, or there is one channel.
  std::shared_ptr<const ColourTransform> to_bt2020;
  // Takes the result: 16 bits, BT.2020 with the curve of sRGB.
  std::shared_ptr<const ColourTransform> shown;
};

// Returns a transform of `channels` (1 or 3) samples of 8 or 16 bits, coded by
// `curve`, which is_hdr().
[[nodiscard]] std::shared_ptr<const ColourTransform> MakeToneMap(
    const Curve& curve, int channels, bool wide_in, ToneMapParts parts);

}  // namespace thumbmill
