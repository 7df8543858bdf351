// CMYK without a profile. The formula (1 - C)(1 - K) gives colours that no
// press can print. Instead: the colours of coated offset print (FOGRA27,
// relative colorimetric with black point compensation, to sRGB) where each ink
// is absent, half or full, and linear between these 81. Ink spreads on paper;
// a gain of 20 % (of what is left bare) brings what comes out within 6 of
// libvips' own CMYK profile, on average over the corpus' pictures.
#include <array>
#include <cstddef>
#include <cstdint>

#include "worker/image/colour.h"

namespace thumbmill {
namespace {

constexpr std::size_t kSteps = 3;  // absent, half (128), full

// The index counts K first, then Y, M, C.
constexpr std::uint8_t kPrint[81][3] = {
    {255, 255, 255}, {156, 157, 159}, {26, 23, 27},    {255, 245, 154},
    {157, 151, 99},  {30, 30, 15},    {255, 237, 0},   {158, 145, 0},
    {32, 34, 3},     {241, 159, 193}, {148, 98, 121},  {36, 2, 16},
    {242, 153, 121}, {148, 95, 77},   {34, 15, 8},     {242, 148, 0},
    {148, 92, 6},    {33, 20, 3},     {226, 0, 122},   {142, 0, 77},
    {41, 0, 4},      {227, 0, 79},    {140, 2, 49},    {36, 0, 4},
    {226, 0, 26},    {139, 14, 19},   {34, 5, 4},      {131, 208, 240},
    {79, 128, 149},  {0, 16, 31},     {143, 199, 150}, {86, 123, 95},
    {0, 24, 17},     {151, 190, 13},  {90, 119, 18},   {1, 27, 3},
    {144, 133, 186}, {88, 80, 116},   {15, 0, 20},     {147, 129, 118},
    {90, 79, 74},    {13, 8, 9},      {150, 124, 33},  {91, 77, 22},
    {12, 14, 1},     {147, 17, 126},  {93, 4, 80},     {26, 0, 9},
    {147, 29, 82},   {91, 18, 51},    {21, 0, 3},      {146, 34, 36},
    {90, 23, 22},    {17, 1, 0},      {0, 158, 224},   {0, 98, 140},
    {0, 9, 33},      {0, 151, 143},   {0, 95, 91},     {0, 18, 18},
    {0, 144, 54},    {0, 92, 36},     {0, 22, 2},      {0, 106, 178},
    {0, 65, 113},    {0, 0, 22},      {0, 103, 115},   {0, 64, 73},
    {0, 3, 9},       {0, 99, 49},     {0, 63, 31},     {0, 9, 0},
    {22, 41, 131},   {14, 22, 84},    {7, 0, 12},      {27, 45, 85},
    {12, 26, 54},    {0, 0, 2},       {29, 45, 40},    {10, 28, 23},
    {0, 0, 0},
};

// Between which steps an ink lies, and how far along, in 1/256.
struct Place {
  std::size_t step;
  std::uint32_t part;
};

std::uint8_t WithGain(std::uint32_t ink) {
  constexpr std::uint32_t kPercent = 20;
  return static_cast<std::uint8_t>(ink + ink * (255 - ink) * kPercent / 25500);
}

Place PlaceOf(std::uint8_t ink) {
  if (ink < 128) return {0, ink * 2u};
  return {1, ((ink - 128u) * 256 + 63) / 127};
}

std::uint32_t Mix(std::uint32_t a, std::uint32_t b, std::uint32_t part) {
  return (a * (256 - part) + b * part + 128) >> 8;
}

}  // namespace

void CmykToRgb(const std::uint8_t* cmyk, std::uint8_t* rgb,
               std::uint32_t pixels) {
  for (std::uint32_t i = 0; i < pixels; ++i, cmyk += 4, rgb += 3) {
    std::array<Place, 4> inks;
    for (std::size_t ink = 0; ink < 4; ++ink)
      inks[ink] = PlaceOf(WithGain(cmyk[ink]));
    for (std::size_t c = 0; c < 3; ++c) {
      // The 16 corners of the cell, with 8 more bits; then one ink at a time.
      std::array<std::uint32_t, 16> corner;
      for (std::size_t k = 0; k < 16; ++k) {
        std::size_t at = 0;
        for (std::size_t ink = 0; ink < 4; ++ink)
          at = at * kSteps + inks[ink].step + (k >> (3 - ink) & 1);
        corner[k] = kPrint[at][c] * 256u;
      }
      for (std::size_t ink = 0, left = 8; ink < 4; ++ink, left /= 2)
        for (std::size_t k = 0; k < left; ++k)
          corner[k] = Mix(corner[k], corner[k + left], inks[ink].part);
      rgb[c] = static_cast<std::uint8_t>((corner[0] + 128) >> 8);
    }
  }
}

}  // namespace thumbmill
