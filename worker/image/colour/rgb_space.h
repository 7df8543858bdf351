// worker/image/colour/rgb_space.h: describes a colour space of red, green and
// blue by its numbers, for pictures without an ICC profile.
//
// The idea: PNG's cICP and AVIF's nclx name primaries and a transfer function
// by the code points of ITU-T H.273; PNG's cHRM and gAMA give them as values.
// All become an RgbSpace, from which colour.h makes a transform to sRGB.
//
// Source   ITU-T H.273 (2021), tables 2 and 3. Where it leaves a choice, and
//          for the set of accepted code points, we do as Chromium 156 does.
#pragma once

#include <cstdint>
#include <optional>

namespace thumbmill {

// CIE 1931 x and y.
struct Chromaticity {
  double x = 0;
  double y = 0;

  friend bool operator==(const Chromaticity&, const Chromaticity&) = default;
};

// The defaults are the primaries of BT.709 and sRGB.
struct Primaries {
  Chromaticity white = {0.3127, 0.3290};
  Chromaticity red = {0.64, 0.33};
  Chromaticity green = {0.30, 0.60};
  Chromaticity blue = {0.15, 0.06};

  friend bool operator==(const Primaries&, const Primaries&) = default;
};

// The function from a code to light.
struct Curve {
  enum class Kind : std::uint8_t {
    kSrgb,
    kGamma,  // a power of `gamma`
    kSmpte240,
    kSmpte428,
    kPq,
    kHlg,
  };
  Kind kind = Kind::kSrgb;
  double gamma = 0;  // exponent of kGamma, else 0

  // Returns true if the brightest code is far above white.
  [[nodiscard]] bool is_hdr() const {
    return kind == Kind::kPq || kind == Kind::kHlg;
  }

  friend bool operator==(const Curve&, const Curve&) = default;
};

struct RgbSpace {
  Primaries primaries;
  Curve curve;

  // Returns true for sRGB itself, which needs no conversion.
  [[nodiscard]] bool is_srgb() const { return *this == RgbSpace(); }

  friend bool operator==(const RgbSpace&, const RgbSpace&) = default;
};

// The interpretation of television's curves (1, 6, 11, 14, 15). kBt1886 shows
// them as on a reference screen (ITU-R BT.1886, a power of 2.4): Chromium does
// so for PNG. kAsSrgb takes them as sRGB: Chromium does so for AVIF, because
// most AVIF encoders write code point 1 for sRGB.
enum class VideoCurves : std::uint8_t { kBt1886, kAsSrgb };

// Both return empty for code points that are unspecified (2) or reserved, and
// CurveOf() for curves that Chromium does not support (9, 10, 12).
[[nodiscard]] std::optional<Primaries> PrimariesOf(std::uint8_t code_point);
[[nodiscard]] std::optional<Curve> CurveOf(std::uint8_t code_point,
                                           VideoCurves video);

// Returns the space of two code points. Takes the primaries or the curve of
// sRGB if the code point gives none.
[[nodiscard]] RgbSpace SpaceOf(std::uint8_t primaries, std::uint8_t transfer,
                               VideoCurves video);

// Returns the light of a code of 0 to 1. White is 1. kPq goes far beyond: 1 is
// its reference white of 203 cd/m2. kHlg gives the light of the scene, from 0
// to 1; the system gamma of a display comes on top.
[[nodiscard]] double LightOf(const Curve& curve, double code);

// Returns the code of a light of 0 to 1.
[[nodiscard]] double SrgbCodeOf(double light);

// The shares of red, green and blue of full strength in the light of white.
struct LightShares {
  double red = 0, green = 0, blue = 0;
};
// Returns empty if the four points do not span a space: then no colour can be
// computed with them.
[[nodiscard]] std::optional<LightShares> SharesOf(const Primaries& primaries);

}  // namespace thumbmill
