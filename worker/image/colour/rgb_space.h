// worker/image/colour/rgb_space.h: a colour space of red, green and blue by its
// numbers, for pictures that carry no ICC profile.
//
// The idea: PNG's cICP and AVIF's nclx name primaries and a transfer function
// by the code points of ITU-T H.273; PNG's cHRM and gAMA give them as values.
// All become an RgbSpace, from which colour.h makes a transform to sRGB.
//
// Source   ITU-T H.273 (2021), tables 2 and 3. Where it leaves a choice, and
//          which code points count, Chromium 156 was asked.
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

// The default is that of BT.709 and sRGB.
struct Primaries {
  Chromaticity white = {0.3127, 0.3290};
  Chromaticity red = {0.64, 0.33};
  Chromaticity green = {0.30, 0.60};
  Chromaticity blue = {0.15, 0.06};

  friend bool operator==(const Primaries&, const Primaries&) = default;
};

// How a code becomes light.
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
  double gamma = 0;  // of kGamma, else 0

  // True where the brightest code is far above white.
  [[nodiscard]] bool is_hdr() const {
    return kind == Kind::kPq || kind == Kind::kHlg;
  }

  friend bool operator==(const Curve&, const Curve&) = default;
};

struct RgbSpace {
  Primaries primaries;
  Curve curve;

  // True for sRGB itself: nothing has to be converted.
  [[nodiscard]] bool is_srgb() const { return *this == RgbSpace(); }

  friend bool operator==(const RgbSpace&, const RgbSpace&) = default;
};

// How the curves of television (1, 6, 11, 14, 15) are shown: as on a reference
// screen (ITU-R BT.1886, a power of 2.4), which is Chromium's choice for PNG,
// or as sRGB, which is its choice for AVIF, whose encoders mostly write 1 for
// what was sRGB.
enum class VideoCurves : std::uint8_t { kBt1886, kAsSrgb };

// Each returns empty for code points that are unspecified (2), reserved, or of
// curves that Chromium does not know (9, 10, 12).
[[nodiscard]] std::optional<Primaries> PrimariesOf(std::uint8_t code_point);
[[nodiscard]] std::optional<Curve> CurveOf(std::uint8_t code_point,
                                           VideoCurves video);

// Takes sRGB's part for each of the two that is empty.
[[nodiscard]] RgbSpace SpaceOf(std::uint8_t primaries, std::uint8_t transfer,
                               VideoCurves video);

// Returns the light of a code of 0 to 1. White is 1. kPq goes far beyond: 1 is
// its reference white of 203 cd/m2. kHlg gives the light of the scene, from 0
// to 1; the system gamma of a display comes on top.
[[nodiscard]] double LightOf(const Curve& curve, double code);

// Returns the code of a light of 0 to 1.
[[nodiscard]] double SrgbCodeOf(double light);

// How much red, green and blue of full strength give of the light of white.
struct LightShares {
  double red = 0, green = 0, blue = 0;
};
// Returns empty if the four points do not span a space: then no colour can be
// computed with them.
[[nodiscard]] std::optional<LightShares> SharesOf(const Primaries& primaries);

}  // namespace thumbmill
