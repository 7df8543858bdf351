// tests/unit/rgb_colours.h: converts single colours to sRGB, for the tests of
// colour spaces.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "worker/image/colour/colour.h"
#include "worker/image/colour/rgb_space.h"

namespace thumbmill {

using Colour = std::array<int, 3>;

// Converts 8-bit values, as 8 or 16 bits, to sRGB of 8 bits.
inline Colour ToSrgb(const RgbSpace& space, const Colour& rgb, bool wide) {
  static ColourTransforms transforms;
  const auto transform =
      transforms.Get(space, ColourModel::kRgb, {wide, false});
  if (transform == nullptr) return rgb;
  std::array<std::uint8_t, 3> in8{}, out{};
  std::array<std::uint16_t, 3> in16{};
  for (std::size_t c = 0; c < 3; ++c) {
    in8[c] = static_cast<std::uint8_t>(rgb[c]);
    in16[c] = static_cast<std::uint16_t>(rgb[c] * 257);
  }
  const void* in = wide ? static_cast<const void*>(in16.data()) : in8.data();
  transform->Apply(in, out.data(), 1);
  return {out[0], out[1], out[2]};
}

inline int GreyToSrgb(const RgbSpace& space, int grey, bool wide) {
  static ColourTransforms transforms;
  const auto transform =
      transforms.Get(space, ColourModel::kGrey, {wide, false});
  if (transform == nullptr) return grey;
  const auto in8 = static_cast<std::uint8_t>(grey);
  const auto in16 = static_cast<std::uint16_t>(grey * 257);
  std::uint8_t out = 0;
  transform->Apply(wide ? static_cast<const void*>(&in16) : &in8, &out, 1);
  return out;
}

inline void ExpectNear(const Colour& expected, const Colour& actual,
                       int tolerance, const char* what) {
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_NEAR(expected[c], actual[c], tolerance) << what << ", channel " << c;
}

}  // namespace thumbmill
