// tests/tools/profiles.h: ICC profiles for tests, made by Little CMS.
#pragma once

#include <cstdint>
#include <vector>

namespace thumbmill::testing {

[[nodiscard]] std::vector<std::uint8_t> SrgbProfile();
// Gamma 2.2 and the primaries of Adobe RGB (1998).
[[nodiscard]] std::vector<std::uint8_t> AdobeRgbProfile();
// The curve of sRGB and the primaries of Display P3.
[[nodiscard]] std::vector<std::uint8_t> DisplayP3Profile();
[[nodiscard]] std::vector<std::uint8_t> GreyProfile(double gamma);
// Four inks that only darken: enough to see that it was used.
[[nodiscard]] std::vector<std::uint8_t> CmykProfile();

}  // namespace thumbmill::testing
