// worker/image/colour/tone_map.h: from light brighter than a screen's (PQ, HLG)
// to light that a screen of sRGB's brightness can show.
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

namespace thumbmill {

// Light of 1 is the reference white, here and below.

// Returns the factor for a pixel with this light in its strongest channel.
[[nodiscard]] double ToneMapFactor(double strongest);

// Returns the factor from HLG's light of the scene, in which white's strength
// is `luminance`, to the light of a display.
[[nodiscard]] double HlgDisplayFactor(double luminance);

}  // namespace thumbmill
