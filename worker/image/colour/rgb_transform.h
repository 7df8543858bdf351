// worker/image/colour/rgb_transform.h: converts samples of an RgbSpace to sRGB.
//
// The idea: a table turns codes into light, a matrix changes the primaries, and
// a second table turns light into codes. For 16 bits, Little CMS takes ten
// times as long for the same, or is 2 levels off in the dark if it may use a
// table of colours. Little CMS only computes the matrices (colour.cc). Colours
// outside sRGB are clamped to its range, channel by channel.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "worker/image/colour/colour.h"
#include "worker/image/colour/rgb_space.h"

namespace thumbmill {

// One row per output channel: its factors for red, green and blue.
using LightMatrix = std::array<std::array<float, 3>, 3>;

// The 16-bit sRGB codes of light, in steps of 1 / 65535.
using CodesOfLight = std::vector<std::uint16_t>;
[[nodiscard]] std::shared_ptr<const CodesOfLight> MakeCodesOfLight();

struct RgbConversion {
  std::shared_ptr<const CodesOfLight> codes;
  Curve curve;
  int channels = 3;  // 3, or 1 for grey
  SampleWidths widths;
  // Matrix from the picture's primaries to the working primaries: BT.2020 if
  // tones are mapped (Curve::is_hdr()), else sRGB.
  LightMatrix to_working{};
  LightMatrix to_srgb{};  // from BT.2020; only used if tones are mapped
};

[[nodiscard]] std::shared_ptr<const ColourTransform> MakeRgbTransform(
    const RgbConversion& conversion);

}  // namespace thumbmill
