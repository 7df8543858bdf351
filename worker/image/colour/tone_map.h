// worker/image/colour/tone_map.h: reduces light brighter than a screen's (PQ,
// HLG) to light that an sRGB screen can show.
//
// The idea: the strongest of a pixel's three channels, in BT.2020, gives a
// factor. All three channels are multiplied by it, so that the hue stays. Light
// up to the reference white (203 cd/m2) is halved, so white becomes code 188 of
// 255. From there a curve rises to full strength at 1,000 cd/m2. Brighter light
// is reduced to full strength. HLG is shown as on a display of 1,000 cd/m2
// (system gamma 1.2).
//
// This is the reference white tone mapping of SMPTE ST 2094-50. The colours
// differ from those of Chromium 156 by one level at most.
#pragma once

namespace thumbmill {

// A light of 1 is the reference white in both functions.

// Returns the factor for a pixel with this light in its strongest channel.
[[nodiscard]] double ToneMapFactor(double strongest);

// Returns the factor from HLG's light of the scene to the light of a display,
// for a pixel with this luminance.
[[nodiscard]] double HlgDisplayFactor(double luminance);

}  // namespace thumbmill
