// tests/tools/profiles.h: ICC profiles for tests, made by Little CMS.
#pragma once

#include <cstdint>
#include <vector>

namespace thumbmill::testing {

[[nodiscard]] std::vector<std::uint8_t> SrgbProfile();
// Returns a profile with gamma 2.2 and the primaries of Adobe RGB (1998).
[[nodiscard]] std::vector<std::uint8_t> AdobeRgbProfile();
// Returns a profile with the curve of sRGB and the primaries of Display P3.
[[nodiscard]] std::vector<std::uint8_t> DisplayP3Profile();
[[nodiscard]] std::vector<std::uint8_t> GreyProfile(double gamma);
// Returns a profile of four inks that only darken. That is enough to see
// whether a decoder used it.
[[nodiscard]] std::vector<std::uint8_t> CmykProfile();

}  // namespace thumbmill::testing
