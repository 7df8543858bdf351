// worker/image/colour/rgb_transform.h: samples of an RgbSpace to sRGB.
//
// The idea: a table makes light of codes, a matrix changes the primaries, a
// table makes codes of light. Little CMS does the same in ten times the time
// for 16 bits, or 2 levels off in the dark when it may use a table of colours;
// it gives the matrices (colour.cc). Colours that sRGB does not have are cut to
// its range, channel by channel.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "worker/image/colour/colour.h"
#include "worker/image/colour/rgb_space.h"

namespace thumbmill {

// Row by row: what each channel takes of red, green and blue.
using LightMatrix = std::array<std::array<float, 3>, 3>;

// The 16-bit codes of light in steps of 1 / 65535.
using CodesOfLight = std::vector<std::uint16_t>;
[[nodiscard]] std::shared_ptr<const CodesOfLight> MakeCodesOfLight();

struct RgbConversion {
  std::shared_ptr<const CodesOfLight> codes;
  Curve curve;
  int channels = 3;  // or 1: grey
  SampleWidths widths;
  // From the picture's primaries to those that are worked in: of sRGB, or of
  // BT.2020 where tones are mapped.
  LightMatrix to_working{};
  LightMatrix to_srgb{};  // where tones are mapped: from BT.2020
};

[[nodiscard]] std::shared_ptr<const ColourTransform> MakeRgbTransform(
    const RgbConversion& conversion);

}  // namespace thumbmill
